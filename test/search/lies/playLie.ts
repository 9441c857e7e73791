import { coreOf } from "../../../src/client/client.ts";
import { preferNode } from "../../../src/index.ts";
import type { GroupId } from "../../../src/wire/ids.ts";
import type { Step } from "../history.ts";
import { headOf } from "../memoryChain.ts";
import type { MemoryNode } from "../memoryNode.ts";
import type { Seat } from "../seat.ts";
import type { World } from "../world.ts";
import { answerLie, topicLie } from "./answerLies.ts";
import { tell } from "./deceit.ts";
import { completenessLie, insiderLie, orderLie, pretendingLie } from "./entryLies.ts";
import { checkpointLie } from "./forgedCoverage.ts";
import { headLie } from "./headLies.ts";
import { sealInsidersCommit } from "./insider.ts";
import type { Lie, LieTopic, Scene } from "./lie.ts";
import { nodeLie } from "./nodeLies.ts";
import { registryLie } from "./registryLies.ts";

/** More at once hide each other. */
const MOST_LIES = 3;
const ECLIPSE_MS = 15_000;
/** Who lies: the node that serves, the one that is asked about registry and nodes, two of one operator, any. */
const WAYS = 4;
/** Of what `who` draws, the part that draws by whom and to whom. */
const PEOPLE = 64;
/** One of so many liars gives blocks hashes of its own. */
const OWN_HASHES = 3;

type Params = { readonly world: World; readonly group: GroupId; readonly step: Step };

/** Some nodes of one operator begin to lie, or lie about something more. */
export async function playLie(params: Params & { about: LieTopic }): Promise<void> {
  const { world, group, step } = params;
  const { deceit, chain } = world;
  if (!deceit || deceit.lies.length >= MOST_LIES) return;
  const isFirst = deceit.lies.length === 0;
  const towards = isFirst ? drawVictim(params) : deceit.towards;
  const liars = isFirst ? await drawLiars({ ...params, towards }) : liarsOf(world);
  const scene = { group, detail: step.whom, since: headOf(chain)?.ref.number ?? 0 };
  const lie = await drawLie({ ...params, scene, liars, towards });
  if (!lie || liars.length === 0) return;
  const hasOwnHashes = Math.floor(step.who / PEOPLE) % OWN_HASHES === 0;
  const salt = isFirst && hasOwnHashes ? `${step.who} ${step.whom}` : deceit.salt;
  await tell({ deceit, liars, towards, lies: [...deceit.lies, lie], salt });
}

/** From now on all tell the truth. */
export async function endLies({ deceit }: World): Promise<void> {
  if (!deceit) return;
  deceit.eclipsedUntilMs = 0;
  if (deceit.lies.length > 0)
    await tell({ deceit, liars: [], towards: undefined, lies: [], salt: undefined });
}

/** Those who are lied to reach nobody else for a while. */
export function eclipse({ world }: Pick<Params, "world">): void {
  const { deceit, random, time } = world;
  if (!deceit || deceit.lies.length === 0) return;
  deceit.eclipsedUntilMs = time.nowMs() + ECLIPSE_MS * random.next();
}

/** One client in half of the cases; undefined: all. */
function drawVictim({ world, step }: Params): string | undefined {
  const names = [...world.seats.keys()];
  return names[Math.floor(step.who / WAYS) % (2 * names.length)];
}

async function drawLiars(params: Params & { towards: string | undefined }): Promise<readonly MemoryNode[]> {
  const { world, group, step, towards } = params;
  const { nodes } = world.mesh;
  const meant = [...world.seats.values()].filter((seat) => towards === undefined || seat.name === towards);
  const first = meant[step.whom % meant.length];
  const any = nodes[step.whom % nodes.length];
  const core = first?.client && coreOf(first.client);
  const serving = nodes.find(({ node }) => node === core?.groups.get(group)?.caughtUpBy) ?? any;
  switch (step.who % WAYS) {
    case 0:
      return serving ? [serving] : [];
    case 1:
      if (any) await preferAll(meant, group, any);
      return any ? [any] : [];
    case 2: {
      const pair = nodes.filter(({ identity }) =>
        nodes.some((one) => isSameOperator(one.identity, identity)),
      );
      const [one] = pair;
      if (one) await preferAll(meant, group, one);
      return pair;
    }
    default:
      return any ? [any] : [];
  }
}

function isSameOperator(a: MemoryNode["identity"], b: MemoryNode["identity"]): boolean {
  return a.operator === b.operator && a.name !== b.name;
}

/** As if the app had been told to use that node. */
async function preferAll(seats: readonly Seat[], group: GroupId, { node }: MemoryNode): Promise<void> {
  for (const { client, hasFailed } of seats) {
    if (client && !hasFailed) await preferNode({ client, group, node });
  }
}

function liarsOf({ deceit, mesh }: World): readonly MemoryNode[] {
  return mesh.nodes.filter(({ name }) => deceit?.liars.has(name));
}

async function drawLie(
  params: Params & {
    about: LieTopic;
    scene: Scene;
    liars: readonly MemoryNode[];
    towards: string | undefined;
  },
): Promise<Lie | undefined> {
  const { world, scene, about, liars } = params;
  const { chain, mesh } = world;
  const [liar] = liars;
  switch (about) {
    case "registry":
      return await registryLie(world, scene);
    case "order":
      return orderLie(scene);
    case "completeness":
      if (scene.detail % 4 < 3) return completenessLie({ ...scene, detail: scene.detail % 4 });
      return checkpointLie({ ...scene, detail: Math.floor(scene.detail / 4) });
    case "existence":
      return await existenceLie(params);
    case "nodes": {
      const others = mesh.nodes.filter((node) => !liars.includes(node));
      return liar && nodeLie({ scene, liar, others, last: headOf(chain) });
    }
    case "topics":
      return topicLie(scene);
    case "answers":
      return answerLie(scene);
  }
}

async function existenceLie(
  params: Params & { scene: Scene; towards: string | undefined },
): Promise<Lie | undefined> {
  const { world, group, scene, towards } = params;
  const variant = scene.detail % 3;
  const detail = Math.floor(scene.detail / 3);
  if (variant === 0) return headLie({ ...scene, detail });
  if (variant === 1) return pretendingLie(scene, () => headOf(world.chain)?.ref.number ?? 0);
  const insiders = [...world.seats.values()].filter(({ name }) => name !== towards);
  const { client } = insiders[detail % insiders.length] ?? {};
  const inboxes = [...new Set(world.inboxes.values())];
  const victim = detail % 2 === 0 ? inboxes[Math.floor(detail / 2) % inboxes.length] : undefined;
  const append = client && (await sealInsidersCommit({ client, group, victim }));
  return append && insiderLie(scene, append);
}
