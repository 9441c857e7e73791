import { type GroupState, groupStatus, isWeftError, syncStatus } from "../../src/index.ts";
import type { GroupId } from "../../src/wire/ids.ts";
import { FENCE_BLOCKS } from "../../src/wire/limits.ts";
import type { History } from "./history.ts";
import { endLies } from "./lies/playLie.ts";
import { isWhole } from "./memoryMesh.ts";
import { comeBack } from "./play.ts";
import type { Seat } from "./seat.ts";
import { BLOCK_MS, type World } from "./world.ts";

const LOOK_MS = 2_000;
/** Feeds that broke are opened again within that. */
const QUIET_LOOKS = 8;
/** Longer than everything that a client waits for by design. */
const PATIENCE_MS = 20 * 60_000;
/** Within that whoever is lied to has to notice what is kept back. */
const NOTICE_MS = 75_000;
/** Until what a colluding node signed while its anchor stood still can be before nobody's fence any more. */
const COLLUSION_BLOCKS = FENCE_BLOCKS + 5;

/**
 * Ends all faults and lets time pass until nothing is left to do: no intent open, no Welcome unopened, no verdict
 * pending, everybody at the chain's end. Gives what was left after twenty minutes. Liars may `go-on`.
 */
export async function settleWorld(params: {
  world: World;
  group: GroupId;
  liars: History["liars"];
}): Promise<string[]> {
  const { world, group, liars } = params;
  const { mesh, time, seats } = world;
  world.mines = true;
  if (world.deceit) world.deceit.eclipsedUntilMs = 0;
  if (liars === "stop") await endLies(world);
  mesh.down.clear();
  mesh.sides = new Map();
  for (const seat of seats.values()) {
    seat.trap = undefined;
    seat.wire.faults = 0;
  }
  const colluders = mesh.nodes.filter(({ collusion }) => collusion.anchor);
  if (colluders.length > 0) await time.run(COLLUSION_BLOCKS * BLOCK_MS);
  for (const { collusion } of colluders) collusion.anchor = undefined;
  if (liars === "go-on" && world.deceit?.lies.length) await time.run(NOTICE_MS);
  const untilMs = time.nowMs() + PATIENCE_MS;
  let before = "";
  let quietLooks = 0;
  for (;;) {
    await time.run(LOOK_MS);
    for (const seat of seats.values()) await time.settle(comeBack(seat), LOOK_MS);
    const { left, fingerprint } = await look({ world, group });
    const isQuiet = left.length === 0 && fingerprint === before;
    quietLooks = isQuiet ? quietLooks + 1 : 0;
    if (quietLooks === QUIET_LOOKS) return [];
    before = fingerprint;
    if (time.nowMs() > untilMs) return left.length > 0 ? left : ["something changes without end"];
  }
}

type Standing = Pick<GroupState, "head" | "installations">;

async function look(params: { world: World; group: GroupId }) {
  const { world, group } = params;
  const { mesh, background, seats, chain } = world;
  const left: string[] = [];
  if (background.size > 0) left.push("something goes on in the background");
  if (!(await isWhole(mesh))) left.push("the nodes do not hold the same");
  const head = chain.blocks.at(-1)?.ref.number ?? 0;
  const heads = new Map<string, string[]>();
  const listed = new Set<string>();
  const outside = new Map<string, string>();
  let changes = 0;
  for (const seat of seats.values()) {
    const found = await lookAt({ seat, group, head });
    left.push(...found.left);
    changes += found.changes;
    for (const installation of found.at?.installations ?? []) listed.add(installation);
    if (found.at) heads.set(found.at.head, [...(heads.get(found.at.head) ?? []), seat.name]);
    else if (seat.client) outside.set(seat.client.installation, seat.name);
  }
  const missing = [...outside].filter(([installation]) => listed.has(installation));
  if (missing.length > 0) left.push(`in the group without knowing it: ${missing.map(([, name]) => name)}`);
  if (heads.size > 1) left.push(`members stand at different heads: ${JSON.stringify([...heads.values()])}`);
  return { left, fingerprint: `${changes} ${mesh.batches.length}` };
}

async function lookAt(params: { seat: Seat; group: GroupId; head: number }) {
  const { seat, group, head } = params;
  const { client, name } = seat;
  const left: string[] = [];
  if (!client) return { left: [`${name} is not there`], changes: 0, at: undefined };
  const status = await syncStatus({ client });
  const own = status.groups.find((one) => one.group === group);
  if (status.openIntents > 0) left.push(`${name} has ${status.openIntents} open intents (${own?.waitsFor})`);
  if (status.openWelcomes > 0) left.push(`${name} has ${status.openWelcomes} unopened Welcomes`);
  if (status.pendingVerdicts > 0) left.push(`${name} has ${status.pendingVerdicts} pending verdicts`);
  if (own?.membership === "joining") left.push(`${name} is still joining`);
  if (own && own.membership !== "removed" && own.block < head - 3) left.push(`${name} is behind the chain`);
  const at = own?.membership === "member" ? await headOf(params) : undefined;
  return { left, changes: status.changes, at };
}

/** Where a member stands, and whom it has in the group. */
async function headOf({ seat, group }: { seat: Seat; group: GroupId }): Promise<Standing | undefined> {
  try {
    return seat.client && (await groupStatus({ client: seat.client, group, digests: false }));
  } catch (error) {
    if (isWeftError(error, "unknown-group")) return undefined;
    throw error;
  }
}
