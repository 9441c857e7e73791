import { readdirSync, readFileSync } from "node:fs";
import { rename, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Address, InboxId, InstallationKey } from "../../index.ts";

/** Who somebody on this machine is on a network; nothing of it is secret. */
export type Profile = {
  readonly name: string;
  readonly inbox: InboxId;
  readonly wallet: Address;
  readonly installation: InstallationKey;
};

const FILE = "account.json";

/** Tells the others on this machine, and the next start, who has its `home` here. */
export async function writeProfile(params: { home: string; profile: Profile }): Promise<void> {
  const path = join(params.home, FILE);
  await writeFile(`${path}.new`, `${JSON.stringify(params.profile, undefined, 2)}\n`);
  await rename(`${path}.new`, path);
}

/** Undefined for who was never set up on that network. */
export function readProfile(home: string): Profile | undefined {
  try {
    return JSON.parse(readFileSync(join(home, FILE), "utf8")) as Profile;
  } catch {
    return undefined;
  }
}

/** The people beside `home`, on the same network. */
export function readNeighbours(home: string): Profile[] {
  const people = dirname(dirname(home));
  const folders = readdirSync(people).map((person) => join(people, person, basename(home)));
  return folders.flatMap((folder) => (folder === home ? [] : (readProfile(folder) ?? [])));
}
