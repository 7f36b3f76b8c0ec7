/** Prints the schema to standard output: node dist/api/printSchema.js > schema/schema.graphql */

import { createSchema, printSortedSchema } from "./schema.js";

process.stdout.write(printSortedSchema(await createSchema()));
