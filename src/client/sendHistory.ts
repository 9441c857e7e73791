import { randomBytes } from "#crypto";
import { steadyMs } from "../clock/steadyMs.ts";
import { waitMs } from "../clock/waitMs.ts";
import { equalBytes } from "../crypto/equalBytes.ts";
import { zero } from "../crypto/zero.ts";
import { WeftError } from "../errors.ts";
import { type ArchiveKeys, createArchiveKeys, openArchiveKeys } from "../identity/archiveKeys.ts";
import { isRequestOf, makeHistoryOffer, readCode } from "../identity/historyCode.ts";
import { sealArchiveChunk } from "../identity/sealArchive.ts";
import { networkIdentity } from "../store/openDatabase.ts";
import type { ArchiveChunk } from "../wire/archive.ts";
import { buildHistoryEnvelope, type HistoryKey, type HistoryPayload } from "../wire/historyPayload.ts";
import { ID_BYTES, type InstallationKey } from "../wire/ids.ts";
import { HISTORY_CHUNK_BYTES, MAX_HISTORY_BYTES, MAX_HISTORY_CHUNKS } from "../wire/limits.ts";
import { historyRequestTopic, historyTopic } from "../wire/topic.ts";
import { nodesOfTopic } from "./asking/nodesOfTopic.ts";
import { type Client, coreOf } from "./client.ts";
import type { HistorySendingRecord } from "./database/tables.ts";
import type { HistoryProgress } from "./exportHistory.ts";
import type { ClientCore } from "./group/core.ts";
import { awaitDevice } from "./history/awaitDevice.ts";
import { historyNodes, openHistoryReader, publishHistory } from "./history/historyNodes.ts";
import { countHistory, nextPage, startOfHistory } from "./history/historyPages.ts";
import { isOver } from "./history/historyRequest.ts";
import { endSending, putSending, readSending } from "./history/historySending.ts";
import { leastMs, shownMs } from "./nodes/chainTime.ts";

export type SentHistory = {
  /** Messages that are shown in their place. */
  readonly messages: number;
  readonly bytes: number;
  /** Older messages did not fit: `exportHistory` brings them. */
  readonly isCut: boolean;
};

type Request = Extract<HistoryPayload, { kind: "request" }>;
type Params = { readonly core: ClientCore; readonly signal: AbortSignal };

const SECRET_BYTES = 32;
/** How many topics are drawn: so many find one of 256 shards. */
const MAX_DRAWS = 2_048;
/** How long the request of a new device is waited for. */
const REQUEST_PATIENCE_MS = 10_000;
const LOOK_MS = 300;

/**
 * Sends the history of this person's conversations to another device of theirs, after the person has typed the code that
 * this device shows (`receiveHistory`): newest first, as encrypted chunks that nodes keep for a week, at most
 * MAX_HISTORY_BYTES of them. Their key is sealed to that device alone, and erased here when all chunks are on nodes, and
 * a day after the beginning. After a crash the same call goes on where it was.
 *
 * Throws `wrong-code` if the device has not asked with this code, `unknown-record` or `revoked` for what is no device of
 * this inbox, the signal's reason, and what a disk may say.
 */
export async function sendHistory(params: {
  client: Client;
  /** The new device. */
  to: InstallationKey;
  code: string;
  onProgress?: (progress: HistoryProgress) => void;
  signal?: AbortSignal;
}): Promise<SentHistory> {
  const { client, to, onProgress } = params;
  const core = coreOf(client);
  const signal = params.signal ? AbortSignal.any([params.signal, core.closing.signal]) : core.closing.signal;
  const code = readCode(params.code);
  await requireDevice({ core, to, signal });
  const known = await readSending(core, to);
  const isSame = known && equalBytes(known.code, code) && !isOver(core, known);
  let sending = isSame ? known : await begin({ core, to, code, signal });
  const { preamble, secret } = sending.key;
  const keys = await openArchiveKeys({ preamble, lock: { kind: "secret", secret } });
  using _ = { [Symbol.dispose]: () => zero(keys.key) };
  for (;;) {
    for (const envelope of sending.pending) await publishHistory({ core, envelope, signal });
    const { messages, expected, bytes, isCut } = sending;
    if (sending.number > 0) onProgress?.({ messages, expected, bytes });
    if (sending.isEnded) {
      await endSending(core, sending);
      return { messages, bytes, isCut };
    }
    if (isOver(core, sending)) {
      await endSending(core, sending);
      const hint = "Let the new device ask again; it shows a new code.";
      throw new WeftError({ code: "expired", message: "the transfer is older than a day", hint });
    }
    sending = await sealNext({ core, signal, keys, sending });
    await putSending(core, sending);
  }
}

async function requireDevice(params: Params & { to: InstallationKey }): Promise<void> {
  const { core, to, signal } = params;
  const device = await awaitDevice({ core, installation: to, signal });
  const isOther = to !== core.self.installation.key;
  if (device === "active" && isOther) return;
  if (device === "revoked") throw new WeftError({ code: "revoked", message: `${to} was revoked` });
  const message = isOther ? `${to} is no device of this inbox` : "this device has its own history";
  const hint = "Name the new device as `weft devices` lists it.";
  throw new WeftError({ code: "unknown-record", message, hint });
}

/** Finds the request that the code belongs to, draws the archive's key and seals it to the device. */
async function begin(
  params: Params & { to: InstallationKey; code: Uint8Array },
): Promise<HistorySendingRecord> {
  const { core, to, code, signal } = params;
  const request = await findRequest(params);
  const secret = randomBytes(SECRET_BYTES);
  const { preamble } = await createArchiveKeys({ kind: "secret", secret });
  const key: HistoryKey = { preamble, secret, topic: drawTopic(core) };
  const payload = makeHistoryOffer({ request, installation: to, code, key });
  const topic = historyRequestTopic(to);
  const offer = await buildHistoryEnvelope({ topic, payload });
  signal.throwIfAborted();
  const sending = {
    ...{ to, code, key, createdAtMs: leastMs(core.links), pending: [offer], number: 0 },
    ...{ isEnded: false, isCut: false, messages: 0, expected: 0, bytes: 0 },
  };
  await putSending(core, sending);
  return sending;
}

/**
 * Looks for the request of the device that shows the code. A request by whoever else has the wallet, and asks from
 * another device or in this one's place, does not fit the code.
 */
async function findRequest(params: Params & { to: InstallationKey; code: Uint8Array }): Promise<Request> {
  const { core, to, code, signal } = params;
  const topic = historyRequestTopic(to);
  const untilMs = steadyMs() + REQUEST_PATIENCE_MS;
  const reader = openHistoryReader(core, topic);
  let others = 0;
  for (;;) {
    for (const at of historyNodes(core, topic)) {
      for (const request of (await reader.read(at, signal)) ?? []) {
        if (request.kind !== "request") continue;
        if (isRequestOf({ request, installation: to, code })) return request;
        others++;
      }
    }
    if (others > 0 || steadyMs() > untilMs) {
      const message = others > 0 ? "the device has asked with another code" : "the device has not asked";
      throw new WeftError({ code: "wrong-code", message });
    }
    await waitMs({ ms: LOOK_MS, signal });
    signal.throwIfAborted();
  }
}

/** Draws a topic that a node serves, if there is one. */
function drawTopic(core: ClientCore): Uint8Array {
  let id = randomBytes(ID_BYTES);
  for (let draws = 1; draws < MAX_DRAWS && nodesOfTopic(core, historyTopic(id)).length === 0; draws++) {
    id = randomBytes(ID_BYTES);
  }
  return id;
}

/** Seals the next chunk, with the place that stands after it. */
async function sealNext(
  params: Params & { keys: ArchiveKeys; sending: HistorySendingRecord },
): Promise<HistorySendingRecord> {
  const { core, keys, sending } = params;
  const { number } = sending;
  const { inbox, installation } = core.self;
  const sealed = async (chunk: ArchiveChunk) => {
    const ciphertext = sealArchiveChunk({ keys, installation, number, chunk });
    const topic = historyTopic(sending.key.topic);
    const envelope = await buildHistoryEnvelope({ topic, payload: { kind: "chunk", number, ciphertext } });
    return { ...sending, number: number + 1, pending: [envelope], bytes: sending.bytes + ciphertext.length };
  };
  if (!sending.places) {
    const places = await startOfHistory(core);
    const expected = await countHistory(core, places);
    const head = {
      ...{ network: networkIdentity(core.network), inbox, installation: installation.key },
      ...{ writtenAtMs: shownMs(core.links), messages: expected },
    };
    return { ...(await sealed({ kind: "head", head })), places, expected };
  }
  const isFull =
    sending.bytes + 2 * HISTORY_CHUNK_BYTES > MAX_HISTORY_BYTES || number + 2 > MAX_HISTORY_CHUNKS;
  const next = isFull ? undefined : await nextPage({ core, places: sending.places });
  if (next) {
    const { page, shown, places } = next;
    return { ...(await sealed({ kind: "page", page })), places, messages: sending.messages + shown };
  }
  const isCut = sending.places.length > 0;
  const end = { pages: number - 1, isCut };
  return { ...(await sealed({ kind: "end", end })), isEnded: true, isCut };
}
