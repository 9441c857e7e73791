import { openMessage } from "../../src/mls/openMessage.ts";
import { sealMessage } from "../../src/mls/sealMessage.ts";
import { makeMember } from "../../test/mls/support/makeMember.ts";
import { follow, found, joinWith, type Seat, stage } from "../../test/mls/support/testGroup.ts";
import { median, type Row, timed } from "./measure.ts";

const PLAINTEXT = new Uint8Array(300);

/** The MLS engine alone, in groups of these sizes, on Node's backend. */
export async function benchMls(sizes: readonly number[]): Promise<Row[]> {
  const rows: Row[] = [];
  for (const size of sizes) rows.push(...(await benchSize(size)));
  return rows;
}

async function benchSize(size: number): Promise<Row[]> {
  const subject = `MLS, ${size} members`;
  const creator = found(makeMember("creator"));
  const others = Array.from({ length: size - 1 }, (_, i) => makeMember(`member ${i}`));
  const [joiner] = others;
  if (!joiner) throw new Error("a group has two members or more");
  const added = stage(creator, { adds: others });
  let seats: [Seat, Seat] = [{ ...creator, state: added.newState }, joinWith(joiner, added)];
  const addAll = await timed(() => stage(creator, { adds: others }));
  const join = await median({ runs: 3, act: () => joinWith(joiner, added) });
  const rotation = stage(seats[0], {});
  const commit = await median({ runs: 5, act: () => stage(seats[0], {}) });
  const apply = await median({ runs: 5, act: () => follow(seats[1], rotation.commit) });
  const message = await timed(() => {
    for (let i = 0; i < 100; i++) seats = talk(seats);
  });
  const row = (what: string, value: number, beside?: string): Row => ({
    subject,
    what,
    value,
    unit: "ms",
    ...(beside ? { beside } : {}),
  });
  return [
    row("add all in one commit", addAll, size === 100 ? "ts-mls 286 ms" : "ts-mls 1,805 ms"),
    row("join", join),
    row("path commit", commit, size === 100 ? "ts-mls 67 ms" : "ts-mls 540 ms"),
    row("verify and apply it", apply, size === 100 ? "ts-mls 37 ms" : "ts-mls 257 ms"),
    row("seal and open 300 bytes", message / 100),
    { subject, what: "path commit", value: rotation.commit.length, unit: "bytes" },
  ];
}

function talk([sender, receiver]: [Seat, Seat]): [Seat, Seat] {
  const sealed = sealMessage({
    state: sender.state,
    signatureKey: sender.signatureKey,
    plaintext: PLAINTEXT,
    authenticatedData: new Uint8Array(),
  });
  const opened = openMessage({ state: receiver.state, message: sealed.message });
  if (opened.kind === "refused" || !("tree" in opened.newState)) throw new Error("the message does not open");
  return [
    { ...sender, state: sealed.newState },
    { ...receiver, state: opened.newState as Seat["state"] },
  ];
}
