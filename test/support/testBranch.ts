import { branchOf } from "../../src/reconciler/branch/branch.ts";
import type { EntryRecord, GroupRecord, GroupStatus } from "../../src/reconciler/records/records.ts";
import {
  asAddress,
  asId,
  type EntryId,
  type GroupId,
  type InboxId,
  type InstallationKey,
} from "../../src/wire/ids.ts";

const bytes = (fill: number) => new Uint8Array(32).fill(fill);
export const group = asId<GroupId>(bytes(255));
const inbox = asId<InboxId>(bytes(254));
export const [self, other] = [asId<InstallationKey>(bytes(1)), asId<InstallationKey>(bytes(2))];
export const id = (at: number) => asId<EntryId>(bytes(at));

/** Entry `at` stands in block `at`. */
export function entry(at: number, parent: number, verdict: EntryRecord["verdict"]): EntryRecord {
  return {
    ...{ id: id(at), parent: parent === 0 ? group : id(parent), index: 0, logIndex: 0, verdict },
    authority: asAddress(new Uint8Array(20)),
    block: { number: at, hash: "0x", time: at },
  };
}

export const before = (epoch: number) => ({ kind: "before-start", epoch }) as const;
export const dead = { kind: "dead" } as const;
export const adopted = (epoch: number, installation: InstallationKey) =>
  ({ kind: "adopted", epoch, writer: { inbox, installation }, adds: [], removes: [] }) as const;

/** In by entry `start`. */
export function viewWith(params: {
  status: GroupStatus;
  entries: readonly EntryRecord[];
  start?: number;
  head?: number;
  epoch?: number;
  isFormer?: boolean;
}) {
  const { status, start = 2, head = start, epoch = head, isFormer } = params;
  const entries = new Map(params.entries.map((one) => [one.id, one]));
  const record: GroupRecord = {
    ...{ group, genesisKey: undefined, status, reason: undefined, name: "", members: [], createdAtMs: 0 },
    ...{ head: id(head), epoch, start: { head: id(start), epoch: start }, isFormer },
  };
  return { record, entries, branch: branchOf({ record, entries }) };
}

/** Of one who is in by entry 2. */
export const lineage = [entry(1, 0, before(1)), entry(2, 1, before(2))];
