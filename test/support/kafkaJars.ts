/** Apache Kafka's program: its jars, fetched from Maven Central by Maven itself, with whatever mirror the machine's settings name. */

import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { defaultCacheDir } from "../../src/runtime/redisBinary.js";
import { withProcessLock } from "../../src/runtime/processLock.js";

const run = promisify(execFile);

export const KAFKA_VERSION = "4.1.0";
/** Of the broker's own jar and the one with the protocol; what these need, Maven checks by the repository's checksums. */
const SHA256: Readonly<Record<string, string>> = {
  "kafka_2.13-4.1.0.jar": "0de0471a4c7a9e734c166822a26a4bb064eb81cb2c7a8b1345912cad78997a7b",
  "kafka-clients-4.1.0.jar": "eb74709dc3be35e06208827860c87a94872e8a4b00f466880670785c85a20627",
};
const LEAST_JAVA = 17;
const FETCH_TIMEOUT_MS = 300_000;

/**
 * A folder of jars for the class path; the first call downloads about 45 MB into the user's cache.
 * @throws Error that says what is missing: Java, Maven, or the artifacts
 */
export async function kafkaJars(): Promise<string> {
  await checkJava();
  const cache = defaultCacheDir();
  const folder = join(cache, `kafka-${KAFKA_VERSION}`);
  if (await isWhole(folder)) return folder;
  return withProcessLock(cache, `kafka-${KAFKA_VERSION}.lock`, FETCH_TIMEOUT_MS, async () => {
    if (!(await isWhole(folder))) await fetchInto(cache, folder);
    return folder;
  });
}

async function checkJava(): Promise<void> {
  const { stderr } = await run("java", ["-version"]).catch(() => ({ stderr: "" }));
  const version = Number(/version "(\d+)/.exec(stderr)?.[1] ?? 0);
  if (version < LEAST_JAVA) throw new Error(`Kafka needs Java ${LEAST_JAVA} or later on the PATH (Debian: apt install openjdk-17-jre-headless)`);
}

async function isWhole(folder: string): Promise<boolean> {
  for (const [name, sha256] of Object.entries(SHA256)) {
    const content = await readFile(join(folder, name)).catch(() => undefined);
    if (content === undefined || createHash("sha256").update(content).digest("hex") !== sha256) return false;
  }
  return true;
}

const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion><groupId>fanwire.tests</groupId><artifactId>kafka</artifactId><version>1</version>
  <dependencies><dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>${KAFKA_VERSION}</version></dependency></dependencies>
</project>
`;

/** Beside its place, then moved there whole. `--strict-checksums`: a file that is not what the repository says fails the run. */
async function fetchInto(cache: string, folder: string): Promise<void> {
  await mkdir(cache, { recursive: true });
  const work = await mkdtemp(join(cache, "kafka.new-"));
  try {
    await writeFile(join(work, "pom.xml"), POM);
    await run("mvn", ["--batch-mode", "--quiet", "--strict-checksums", "dependency:copy-dependencies", "-DincludeScope=runtime", `-DoutputDirectory=${join(work, "jars")}`], {
      cwd: work, timeout: FETCH_TIMEOUT_MS, maxBuffer: 16 << 20,
    }).catch((error: unknown) => { throw new Error(`Maven could not fetch Kafka ${KAFKA_VERSION} (Debian: apt install maven): ${(error as Error).message.split("\n")[0]}`, { cause: error }); });
    if (!(await isWhole(join(work, "jars")))) throw new Error(`The jars of Kafka ${KAFKA_VERSION} are not those that are expected`);
    await rm(folder, { recursive: true, force: true });
    await rename(join(work, "jars"), folder);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
