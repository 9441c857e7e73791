import type { EpochView } from "../../src/reconciler/branch/epochView.ts";
import { type DrawBytes, firstContext } from "../../src/reconciler/policy/nextContext.ts";
import type { Member } from "../../src/reconciler/policy/roleOf.ts";
import type { GroupContext } from "../../src/wire/groupContext.ts";
import type { InboxId, InstallationKey } from "../../src/wire/ids.ts";
import type { KeyPackageRecord } from "../../src/wire/keyPackageRecord.ts";
import { testId } from "../support/testIntent.ts";

const device = (inbox: number, number: number): Member => ({
  inbox: testId<InboxId>(inbox),
  installation: testId<InstallationKey>(16 * inbox + number),
});

/** Alice is super admin, bob admin, carol and dave are members; tablet is dave's second device; erin is outside. */
export const [alice, bob, carol, dave, tablet, erin] = [
  ...[device(1, 1), device(2, 1), device(3, 1), device(4, 1), device(4, 2), device(5, 1)],
] as [Member, Member, Member, Member, Member, Member];
export const inside = [alice, bob, carol, dave, tablet];

/** Counts up, so that nothing is drawn twice and a test can say what was. */
export function countingDraw(first = 1): DrawBytes {
  let draws = first - 1;
  return (length) => new Uint8Array(length).fill(++draws);
}

export function companyContext(changes: Partial<GroupContext> = {}): GroupContext {
  const first = firstContext({ name: "Plans", creator: alice.inbox, drawBytes: countingDraw() });
  return { ...first, admins: [bob.inbox], ...changes };
}

export function companyView(changes: Partial<EpochView> & { company?: readonly Member[] } = {}): EpochView {
  const { company = inside, ...others } = changes;
  return {
    ...{ epoch: 3, context: companyContext() },
    members: company.map((one, i) => ({ ...one, leafIndex: 10 + i })),
    ...others,
  };
}

export function keyPackageOf(member: Member, bytes = 300): KeyPackageRecord {
  return {
    ...{ ...member, chainId: 1, registry: `0x${"00".repeat(20)}` as KeyPackageRecord["registry"] },
    ...{ generation: 1, expiresAt: 0, keyPackage: new Uint8Array(bytes), wrapperKey: new Uint8Array(1216) },
  };
}
