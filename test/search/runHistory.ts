import { coreOf } from "../../src/client/client.ts";
import type { GroupId, NodeId } from "../../src/wire/ids.ts";
import { openBases } from "./bases.ts";
import type { History } from "./history.ts";
import { isMember, type Played, playStep } from "./play.ts";
import { checkProperties } from "./properties.ts";
import { replay } from "./replay.ts";
import { seedRandomness } from "./seedRandomness.ts";
import { settleWorld } from "./settleWorld.ts";
import { openSeats, openWorld, seatOf, type World } from "./world.ts";

/** Further delivery orders that were tried, and whether the history's trap sprang. */
export type Ran = { readonly orders: number; readonly isSprung: boolean };

/**
 * Plays a history in a world of its own, checks what has to hold, and shows what was made to copies of one member in
 * other orders. Throws an AssertionError.
 */
export async function runHistory(history: History): Promise<Ran> {
  const bases = await openBases(history.liars ? "five" : "two");
  const snapshot = bases[history.base % bases.length];
  const group = snapshot?.group;
  if (!snapshot || !group) throw new Error("a base has a group");
  const { seed, faults } = history;
  using _ = seedRandomness(seed);
  await using world = await openWorld({ snapshot, seed, faults });
  await openSeats(world, [...world.seats.keys()]);
  const { trap } = history;
  const trapped = trap && seatOf(world, trap.seat);
  if (trapped) Object.assign(trapped, { trap: { ...trap }, hasFailed: true });
  const members = membersOf(world, group);
  const played: Played = { sends: new Map(), asked: [], members, unwanted: new Set(), hostile: [] };
  try {
    for (const step of history.steps) await playStep({ world, group, step, played });
    const isSprung = trapped !== undefined && trapped.trap === undefined;
    const left = await settleWorld({ world, group, liars: history.liars });
    await checkProperties({ world, group, played, left });
    return { orders: await replay({ world, snapshot, group, seed }), isSprung };
  } catch (error) {
    if (error instanceof Error) error.message += accountOf(world);
    throw error;
  }
}

/** By the word of its founder: who was removed just before may not know that yet. */
function membersOf({ seats, inboxes }: World, group: GroupId): Set<string> {
  const { client } = seats.get("alice") ?? {};
  const listed = client ? coreOf(client).groups.get(group)?.view.record.members : [];
  const names = [...inboxes].filter(([, inbox]) => listed?.includes(inbox)).map(([name]) => name);
  return new Set(names.filter((name) => isMember(seats.get(name), group)));
}

/** Which lies were told, and what clients have said of that. */
function accountOf({ deceit, seats, mesh }: World): string {
  if (!deceit || deceit.told.size === 0) return "";
  const nameOf = (id: NodeId) => mesh.nodes.find(({ node }) => node === id)?.name ?? id;
  const heard = [...seats.values()].flatMap(({ name, heard }) =>
    heard.map((event) => {
      if (event.kind === "withheld") return `${name}: ${nameOf(event.node)} withholds`;
      if (event.kind !== "lied") return "";
      const { node, fact, isDecided } = event;
      return `${name}: ${nameOf(node)} lied about ${fact}${isDecided ? "" : ", perhaps"}`;
    }),
  );
  return `\ntold: ${[...deceit.told.keys()].join("; ")}\nheard: ${[...new Set(heard)].join("; ")}`;
}
