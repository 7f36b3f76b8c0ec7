/** Files that take long come first, so that none of them runs on alone when all others are done. */

import { BaseSequencer, type TestSpecification } from "vitest/node";

const LONG = ["model/crashes", "faults/repliesLost", "faults/kafka.test", "model/workers", "model/control", "model/reference", "faults/workerKilled", "faults/socketsCut", "api/slowSockets", "cluster/"];

export default class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number => {
      const at = LONG.findIndex((part) => moduleId.includes(`/test/${part}`));
      return at < 0 ? LONG.length : at;
    };
    return (await super.sort(files)).sort((a, b) => place(a) - place(b));
  }
}
