import { createHash } from "node:crypto";
import fc from "fast-check";
import type { MessageVerdict, Opening } from "../../src/reconciler/records/timelineRecord.ts";
import type { MessageBody } from "../../src/reconciler/timeline/composeMessage.ts";
import type { ApplicationMessage } from "../../src/wire/applicationMessage.ts";
import {
  asId,
  type EntryId,
  type EnvelopeHash,
  type Id,
  type InboxId,
  type InstallationKey,
  type MessageId,
  toHex,
} from "../../src/wire/ids.ts";
import { messageIdOf } from "../../src/wire/messageContent.ts";
import { textPart } from "../../src/wire/part.ts";
import { deletes, relates, says } from "./contents.ts";

/** One sealing of a message, as a timeline gets it. */
export type Opened = {
  readonly message: ApplicationMessage & { readonly id: MessageId };
  readonly opening: Opening;
};

export const EPOCHS = 4;
export const same = <T extends Id>(fill: number) => asId<T>(new Uint8Array(32).fill(fill));
export const entryOf = (epoch: number) => same<EntryId>(200 + epoch);
let nonce = 0;

/** A message of an inbox, by one of its two installations. */
export function say(
  inbox: number,
  body: MessageBody,
  more: { epoch?: number; device?: number; depth?: number; verdict?: MessageVerdict } = {},
): Opened {
  const { epoch = 1, device = 1, depth = 1, verdict = "counts" } = more;
  const bytes = new Uint8Array(16);
  new DataView(bytes.buffer).setUint32(0, nonce++);
  const content = {
    group: same<never>(1),
    inbox: same<InboxId>(inbox),
    installation: same<InstallationKey>(10 * inbox + device),
    ...{ nonce: toHex(bytes), depth, parents: [], sentAtMs: 0, ...body },
  };
  const id = messageIdOf(content);
  return { message: { id, content, replaces: [] }, opening: sealing(id, epoch, verdict) };
}

export function sealing(id: MessageId, epoch: number, verdict: MessageVerdict = "counts"): Opening {
  const envelope = asId<EnvelopeHash>(createHash("sha256").update(`${id} in ${epoch}`).digest());
  return { epoch, entry: entryOf(epoch), envelope, verdict };
}

/** Everything that CONTENT's rules are about, from two installations of one inbox and by others. */
export const anyFacts = fc.gen().map((pick) => {
  const int = (max: number) => pick(fc.nat, max);
  const verdict = () =>
    (["counts", "counts", "counts", "counts", "pending", "fenced", "void"] as const)[int(6)] ?? "counts";
  const where = () => ({ epoch: int(EPOCHS - 1), device: 1 + int(1), depth: 1 + int(2), verdict: verdict() });
  const facts: Opened[] = [];
  const target = () => facts[int(Math.max(0, facts.length - 1))]?.message.id ?? same<MessageId>(9);
  const bodies: readonly (() => MessageBody)[] = [
    () => says(`text ${int(9)}`),
    () => relates("reply", target()),
    () => relates("edit", target(), { revision: int(3) }),
    () => relates("edit", target(), { revision: int(3), parts: [textPart("last")] }),
    () => relates("edit", target(), { parts: [] }),
    () => deletes(target()),
    () => relates("react", target(), { key: "abc"[int(2)] ?? "a", revision: int(3) }),
    () => relates("react", target(), { key: "abc"[int(2)] ?? "a", revision: int(3), parts: [] }),
    () => relates("read", target(), { parts: [] }),
    () => relates(128 + int(1), target()),
    () => relates(192 + int(1), target()),
  ];
  for (let i = 6 + int(14); i > 0; i--) {
    const body = bodies[int(bodies.length - 1)] ?? bodies[0];
    if (body) facts.push(say(1 + int(2), body(), where()));
    const again = facts[int(facts.length - 1)];
    if (again && int(3) === 0) {
      facts.push({ ...again, opening: sealing(again.message.id, int(EPOCHS - 1), verdict()) });
    }
  }
  // One sealing has one verdict.
  return [...new Map(facts.map((fact) => [fact.opening.envelope, fact])).values()];
});
/** The same facts in two orders, and some of them again. */
export const anyOrder = fc.gen().map((pick) => {
  const facts = pick(() => anyFacts);
  const places = facts.map(() => pick(fc.nat, 1000));
  const order = facts.toSorted((a, b) => (places[facts.indexOf(a)] ?? 0) - (places[facts.indexOf(b)] ?? 0));
  return { facts, order, repeated: facts.filter((_, i) => (places[i] ?? 0) % 3 === 0) };
});
