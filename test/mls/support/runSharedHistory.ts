import assert from "node:assert/strict";
import fc from "fast-check";
import { coreCryptoName, coreCryptoNumber, openCoreCrypto, theyFound } from "./coreCrypto.ts";
import { makeMember, type TestMember } from "./makeMember.ts";
import { type Group, leafOf, talk, theyChange, weAddThem, weCommit } from "./sharedGroup.ts";
import { found } from "./testGroup.ts";
import { withX509 } from "./withX509.ts";

/** One step of a random history, by any member; numbers are taken modulo what there is. */
type Step = {
  readonly kind: "add-ours" | "add-theirs" | "remove" | "rotate" | "talk";
  readonly by: number;
  readonly target: number;
  readonly forcePath: boolean;
};

export type SharedHistory = { readonly founder: "ours" | "theirs"; readonly steps: readonly Step[] };

const MAX_MEMBERS = 12;
const index = fc.nat({ max: 1000 });

/** Histories of groups that Weft or OpenMLS founds. */
export const sharedHistories = (maxLength: number): fc.Arbitrary<SharedHistory> =>
  fc.record({
    founder: fc.constantFrom("ours", "theirs"),
    steps: fc.array(
      fc.record({
        kind: fc.constantFrom(
          "add-ours",
          "add-ours",
          "add-theirs",
          "add-theirs",
          "remove",
          "remove",
          "rotate",
          "talk",
        ),
        by: index,
        target: index,
        forcePath: fc.boolean(),
      }),
      { minLength: 3, maxLength, size: "max" },
    ),
  });

/** Plays a history in which every member, of either implementation, has its own state; all agree after each step. */
export async function runSharedHistory({ founder, steps }: SharedHistory): Promise<void> {
  let group = await foundShared(founder);
  for (const [i, step] of steps.entries()) group = await play({ group, founder, step, newcomer: i + 1 });
  await talk(group);
}

async function foundShared(founder: SharedHistory["founder"]): Promise<Group> {
  if (founder === "ours") return { seats: [found(makeMember(coreCryptoName(0)))], theirs: [] };
  const client = await openCoreCrypto(0);
  await theyFound(client);
  return { seats: [], theirs: [client] };
}

type Turn = {
  readonly group: Group;
  readonly founder: SharedHistory["founder"];
  readonly step: Step;
  /** Names who is added. */
  readonly newcomer: number;
};

function play(turn: Turn): Promise<Group> {
  const { group, step } = turn;
  const { kind } = step;
  const numbers = numbersOf(group);
  const by = step.by % numbers.length;
  const target = numbers[step.target % numbers.length];
  assert.ok(target !== undefined);
  if (kind === "talk") return talk(group);
  const isVain =
    kind === "remove" ? target === numbers[by] : kind !== "rotate" && numbers.length >= MAX_MEMBERS;
  if (isVain) return Promise.resolve(group);
  const theirBy = by - group.seats.length;
  return theirBy < 0 ? weTakeTurn(turn, by, target) : theyTakeTurn(turn, theirBy, target);
}

async function weTakeTurn(turn: Turn, by: number, target: number): Promise<Group> {
  const { group, step, newcomer } = turn;
  const { forcePath } = step;
  switch (step.kind) {
    case "add-ours":
      return weCommit(group, by, { adds: [ourNewcomer(turn)], forcePath });
    case "add-theirs":
      return weAddThem(group, by, await openCoreCrypto(newcomer), forcePath);
    case "remove":
      return weCommit(group, by, { removes: [leafOf(group, target)] });
    default:
      return weCommit(group, by, {});
  }
}

async function theyTakeTurn(turn: Turn, by: number, target: number): Promise<Group> {
  const { group, step, newcomer } = turn;
  switch (step.kind) {
    case "add-ours":
      return theyChange(group, by, { ours: [ourNewcomer(turn)] });
    case "add-theirs":
      return theyChange(group, by, { theirs: [await openCoreCrypto(newcomer)] });
    case "remove":
      return theyChange(group, by, { removes: [target] });
    default:
      return theyChange(group, by, {});
  }
}

function ourNewcomer({ founder, newcomer }: Turn): TestMember {
  const member = makeMember(coreCryptoName(newcomer));
  return founder === "ours" ? member : withX509(member);
}

/** Of all members, ours first. */
function numbersOf({ seats, theirs }: Group): number[] {
  return [...seats.map(({ name }) => coreCryptoNumber(name)), ...theirs.map(({ number }) => number)];
}
