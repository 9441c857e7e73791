import type { InboxId, InstallationKey } from "../../wire/ids.ts";
import type { KeyPackageRecord } from "../../wire/keyPackageRecord.ts";
import {
  MAX_ADD_BYTES_PER_COMMIT,
  MAX_ADDS_PER_COMMIT,
  MAX_INSTALLATIONS_PER_INBOX,
  MAX_MEMBERS,
} from "../../wire/limits.ts";
import { type EpochView, inboxesOf, installationsOf } from "../branch/epochView.ts";
import type { Intent } from "../records/intent.ts";

/** Whom the next entry of an addition takes in, or why it takes in nobody. */
export type AddsPlan =
  | { readonly kind: "adds"; readonly adds: readonly KeyPackageRecord[] }
  | { readonly kind: "fail"; readonly reason: "too-many-members" }
  /** Key packages may still come. */
  | { readonly kind: "no-key-package" };

/**
 * How often all key packages are waited for before the first entry is written without some of them. That is long enough
 * for invitees whose registration a reorganization took; an invitee who comes in later can't read messages from before.
 */
export const WAITS_FOR_ALL = 6;
/** Bytes around a KeyPackage in an Add. */
const ADD_FRAME_BYTES = 8;

/**
 * Plans the next entry of an addition. It takes as many members as fit into one entry; the others come with the next
 * entries. An invitee without a key package makes the others wait a little, and comes last. If not all of them fit into
 * the group, nobody is taken in. Pure.
 */
export function planAdds(params: {
  intent: Intent;
  view: EpochView;
  keyPackages: ReadonlyMap<InboxId, readonly KeyPackageRecord[]>;
}): AddsPlan {
  const { intent, view, keyPackages } = params;
  const present = new Set(inboxesOf(view));
  const known = installationsOf(view);
  const missing = (intent.remaining ?? []).filter((inbox) => !present.has(inbox));
  const away = view.context.returning.filter(({ installation }) => !known.has(installation));
  const invited = missing.map((inbox) => {
    const records = (keyPackages.get(inbox) ?? []).filter(({ installation }) => !known.has(installation));
    return withinRoom({ records, away: away.filter((one) => one.inbox === inbox) });
  });
  const ready = invited.filter((records) => records.length > 0);
  const isFirst = intent.landed.length === 0;
  const waits = ready.length < missing.length && isFirst && intent.attempts < WAITS_FOR_ALL;
  if (waits || (ready.length === 0 && missing.length > 0)) return { kind: "no-key-package" };
  if (view.members.length + away.length + ready.flat().length > MAX_MEMBERS) {
    return { kind: "fail", reason: "too-many-members" };
  }
  return { kind: "adds", adds: firstThatFit(ready) };
}

/**
 * Picks as many installations of an inbox as may be in the group; places of those that are awaited are kept for them.
 */
function withinRoom(params: {
  records: readonly KeyPackageRecord[];
  away: readonly { readonly installation: InstallationKey }[];
}): KeyPackageRecord[] {
  const { records, away } = params;
  const awaited = new Set(away.map(({ installation }) => installation));
  const back = records.filter(({ installation }) => awaited.has(installation));
  const anew = records.filter(({ installation }) => !awaited.has(installation));
  return [...back, ...anew.slice(0, Math.max(0, MAX_INSTALLATIONS_PER_INBOX - away.length))];
}

/** Picks whole inboxes; of the first inbox as many installations as one entry takes, and upkeep adds the rest. */
function firstThatFit(invited: readonly (readonly KeyPackageRecord[])[]): KeyPackageRecord[] {
  const [first = [], ...others] = invited;
  const adds = fitting(first);
  if (adds.length < first.length) return adds;
  for (const records of others) {
    const next = [...adds, ...records];
    if (fitting(next).length < next.length) break;
    adds.push(...records);
  }
  return adds;
}

/** Picks the first of these that fit into one entry, by number and bytes. */
export function fitting(records: readonly KeyPackageRecord[]): KeyPackageRecord[] {
  let bytes = 0;
  const end = records.findIndex(({ keyPackage }, i) => {
    bytes += keyPackage.length + ADD_FRAME_BYTES;
    return i === MAX_ADDS_PER_COMMIT || bytes > MAX_ADD_BYTES_PER_COMMIT;
  });
  return end === -1 ? [...records] : records.slice(0, end);
}
