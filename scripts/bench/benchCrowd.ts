import { addMembers, createGroup, rotateKeys, syncStatus } from "../../src/index.ts";
import { openTestClient } from "../../test/support/openTestClient.ts";
import { openTestGroup } from "../../test/support/openTestGroup.ts";
import { registerCrowd } from "../../test/support/registerCrowd.ts";
import { startTestNetwork, type TestNetwork } from "../../test/support/startTestNetwork.ts";
import { type Row, timed } from "./measure.ts";

const SIZES = [12, 50];
const INVITEES = 999;

/** Many at once: clients that commit to one group at the same moment, and an addition that fills a group. */
export async function benchCrowd(): Promise<Row[]> {
  await using network = await startTestNetwork({ nodes: 2, blockMs: 250 });
  const rows: Row[] = [];
  for (const size of SIZES) rows.push(...(await benchRace({ network, size })));
  return [...rows, await benchAddition(network)];
}

async function benchRace(params: { network: TestNetwork; size: number }): Promise<Row[]> {
  const { network, size } = params;
  const names = Array.from({ length: size }, (_, i) => `member ${i}`);
  await using opened = await openTestGroup({ network, names });
  const { group, members } = opened;
  const settled: number[] = [];
  const all = await timed(() =>
    Promise.all(
      members.map(async (member) => {
        const intent = await rotateKeys({ ...member, group });
        settled.push(await timed(() => intent.settled));
      }),
    ),
  );
  settled.sort((a, b) => a - b);
  const lost = await Promise.all(members.map(async (member) => (await syncStatus(member)).racesLost));
  const subject = `${size} clients commit at once, blocks of 250 ms`;
  return [
    { subject, what: "half of them settled", value: settled[size >> 1] ?? Number.NaN, unit: "ms" },
    { subject, what: "the last one settled", value: all, unit: "ms" },
    { subject, what: "races lost by all", value: lost.reduce((sum, one) => sum + one, 0), unit: "times" },
    { subject, what: "races lost by one, at most", value: Math.max(...lost), unit: "times" },
  ];
}

async function benchAddition(network: TestNetwork): Promise<Row> {
  const crowd = await registerCrowd({ network, size: INVITEES });
  await using alice = await openTestClient({ network, name: "alice" });
  const { group, intent } = await createGroup({ ...alice, name: "large", members: [] });
  await intent.settled;
  const addition = await timed(async () => (await addMembers({ ...alice, group, members: crowd })).settled);
  return { subject: "one addition", what: `${INVITEES} members, five commits`, value: addition, unit: "ms" };
}
