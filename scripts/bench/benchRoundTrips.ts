import { addMembers, createGroup, type GroupId, groupStatus, rotateKeys } from "../../src/index.ts";
import { openTestClient, type TestClient } from "../../test/support/openTestClient.ts";
import { isMember } from "../../test/support/openTestGroup.ts";
import { startTestNetwork, type TestNetwork } from "../../test/support/startTestNetwork.ts";
import { until } from "../../test/support/until.ts";
import { type CallCounter, countCalls, type Traffic } from "./countCalls.ts";
import { middleOf, type Row, timed } from "./measure.ts";

/** Of each kind; the one in the middle has none of the questions that come every few seconds. */
const RUNS = 7;
const NODES = 4;

type Counted = TestClient & { readonly counter: CallCounter };
type Sample = Traffic & { readonly ms: number };
type Place = { readonly alice: Counted; readonly bob: Counted; readonly group: GroupId };

/** What a commit and a join cost at the seam to the nodes: round trips and bytes of the clients that take part. */
export async function benchRoundTrips(): Promise<Row[]> {
  await using network = await startTestNetwork({ nodes: NODES, blockMs: 250 });
  await using stack = new AsyncDisposableStack();
  const alice = stack.use(await openCounted(network, "alice"));
  const bob = stack.use(await openCounted(network, "bob"));
  const { group, intent } = await createGroup({ ...alice, name: "cost", members: [bob.client.inbox] });
  await intent.settled;
  await until("bob is in", () => isMember(bob, group));
  const place = { alice, bob, group };
  const commits = await inTurn(() => commit(place));
  const joins = await inTurn(async (run) => {
    const carol = stack.use(await openCounted(network, `carol ${run}`));
    return await join({ ...place, carol });
  });
  return [
    ...rowsOf(
      "a commit, who writes it",
      commits.map(({ writer }) => writer),
    ),
    ...rowsOf(
      "a commit, who reads it",
      commits.map(({ reader }) => reader),
    ),
    ...rowsOf(
      "an addition of one, who writes it",
      joins.map(({ writer }) => writer),
    ),
    ...rowsOf(
      "an addition of one, who comes in",
      joins.map(({ joiner }) => joiner),
    ),
  ];
}

async function openCounted(network: TestNetwork, name: string): Promise<Counted> {
  const counter = countCalls();
  return { ...(await openTestClient({ network, name, connect: counter.connect })), counter };
}

async function inTurn<Result>(act: (run: number) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = [];
  for (let run = 0; run < RUNS; run++) results.push(await act(run));
  return results;
}

/** A rotation, until its writer and another member have adopted it. */
async function commit({ alice, bob, group }: Place): Promise<{ writer: Sample; reader: Sample }> {
  for (const { counter } of [alice, bob]) counter.take();
  const ms = await timed(async () => (await rotateKeys({ ...alice, group })).settled);
  const { head } = await groupStatus({ ...alice, group, digests: false });
  const writer = { ...alice.counter.take(), ms };
  const more = await timed(() =>
    until("bob follows", async () => (await groupStatus({ ...bob, group, digests: false })).head === head),
  );
  return { writer, reader: { ...bob.counter.take(), ms: ms + more } };
}

/** An Add with its Welcome, until the one who is added is in. */
async function join({ alice, group, carol }: Place & { carol: Counted }) {
  for (const { counter } of [alice, carol]) counter.take();
  const start = performance.now();
  const isIn = until("carol is in", () => isMember(carol, group)).then(() => ({
    ...carol.counter.take(),
    ms: performance.now() - start,
  }));
  const ms = await timed(
    async () => (await addMembers({ ...alice, group, members: [carol.client.inbox] })).settled,
  );
  return { writer: { ...alice.counter.take(), ms }, joiner: await isIn };
}

function rowsOf(subject: string, samples: readonly Sample[]): Row[] {
  const middle = (value: (sample: Sample) => number) => middleOf(samples.map(value));
  const usual = samples.find(({ roundTrips }) => roundTrips === middle((one) => one.roundTrips));
  const calls = [...(usual?.calls ?? [])].map(([name, times]) => (times > 1 ? `${times} ${name}` : name));
  return [
    {
      subject,
      what: "round trips",
      value: middle((one) => one.roundTrips),
      unit: "times",
      beside: calls.join(", "),
    },
    {
      subject,
      what: "of these to witnesses",
      value: middle((one) => one.toWitnesses.roundTrips),
      unit: "times",
    },
    { subject, what: "sent and received", value: middle((one) => one.bytes), unit: "bytes" },
    {
      subject,
      what: "of these with witnesses",
      value: middle((one) => one.toWitnesses.bytes),
      unit: "bytes",
    },
    { subject, what: "time, blocks of 250 ms", value: middle((one) => one.ms), unit: "ms" },
  ];
}
