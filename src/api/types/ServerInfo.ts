/** What the server says about itself. */

import { Field, ObjectType } from "type-graphql";
import { DurationScalar } from "../scalars.js";

@ObjectType("ServerInfo", { simpleResolvers: true, description: "The server that answered." })
export class ServerInfo {
  @Field(() => String, { description: "Its version." })
  version!: string;

  @Field(() => String, { description: "The state of its connection to Redis, for people." })
  redis!: string;

  @Field(() => String, { description: "The state of its connection to Kafka, for people; \"off\" when it has none." })
  kafka!: string;

  @Field(() => DurationScalar, { description: "How long it has been running, in whole seconds." })
  uptime!: number;
}
