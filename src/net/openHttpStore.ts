import { openFetch } from "#open-fetch";
import { concatBytes } from "../crypto/concatBytes.ts";
import { WeftError } from "../errors.ts";
import type { AttachmentStore } from "./attachmentStore.ts";
import { isPublicName } from "./isPublicName.ts";
import type { ProxyChoice } from "./proxy.ts";

/** How long a server may take for its answer to begin, and between two pieces of it. */
const SILENCE_MS = 30_000;
/** Whoever is slower than that is given up, so that no transfer is without an end. */
const SLOWEST_BYTES_PER_MS = 8;

/**
 * Opens a store that PUTs to a folder of a web server and GETs from wherever others have put theirs. What others name
 * is asked over TLS, at public addresses only, without cookies, referrer or redirects: an address in a message must
 * not reach into its reader's network. `inside` lifts that, for apps whose people all are in one network.
 */
export function openHttpStore(params: {
  /** The folder that is written to, `https://files.example/weft`; undefined: a store to read from. */
  folder?: string;
  /** Sent with each PUT, commonly an authorization. */
  headers?: Readonly<Record<string, string>>;
  /** Also asks `http:` addresses and such as lie in the reader's own network. */
  inside?: boolean;
  /** As `openClient({ proxy })`: everything leaves by way of it. Node.js only. */
  proxy?: ProxyChoice;
}): AttachmentStore {
  const { folder, headers = {}, inside = false, proxy } = params;
  const ask = async (url: string, init: RequestInit, isNamedByOthers: boolean): Promise<Response> => {
    const publicOnly = isNamedByOthers && !inside;
    const through = openFetch({ url, proxy, publicOnly }) ?? fetch;
    const answer = await through(url, { ...init, ...ALONE });
    if (answer.ok) return answer;
    await answer.body?.cancel();
    throw unreachable(url, `HTTP ${answer.status}`);
  };
  return {
    put: async ({ bytes, hash, signal }) => {
      if (folder === undefined)
        throw new WeftError({ code: "bad-config", message: "the store has no folder" });
      const url = `${folder.replace(/\/$/, "")}/${hash}`;
      const type = { "content-type": "application/octet-stream" };
      const ends = AbortSignal.any([...(signal ? [signal] : []), endOf(bytes.length)]);
      const init = { method: "PUT", headers: { ...type, ...headers }, body: bytes, signal: ends };
      await coded({ url, signal, run: async () => await (await ask(url, init, false)).body?.cancel() });
      return [url];
    },
    get: async ({ url, maxBytes, signal }) => {
      const at = URL.parse(url);
      if (!at || (!inside && (at.protocol !== "https:" || !isPublicName(at.hostname))))
        throw unreachable(url, "not a public https address");
      using silence = watchSilence();
      const ends = AbortSignal.any([...(signal ? [signal] : []), endOf(maxBytes), silence.signal]);
      const run = async () => {
        const answer = await ask(url, { signal: ends }, true);
        return await readAll({ answer, maxBytes, heard: silence.heard });
      };
      return await coded({ url, signal, run });
    },
  };
}

const ALONE = { redirect: "error", credentials: "omit", referrerPolicy: "no-referrer" } as const;

/** Ends when so many bytes take too long. */
function endOf(bytes: number): AbortSignal {
  return AbortSignal.timeout(SILENCE_MS + Math.ceil(bytes / SLOWEST_BYTES_PER_MS));
}

/** Ends when nothing was heard for a while. */
function watchSilence(): Disposable & { readonly signal: AbortSignal; readonly heard: () => void } {
  const controller = new AbortController();
  const listen = () => setTimeout(() => controller.abort(new Error("the server is silent")), SILENCE_MS);
  let timer = listen();
  const heard = (): void => {
    clearTimeout(timer);
    timer = listen();
  };
  return { signal: controller.signal, heard, [Symbol.dispose]: () => clearTimeout(timer) };
}

async function readAll(params: {
  answer: Response;
  maxBytes: number;
  heard: () => void;
}): Promise<Uint8Array> {
  const { answer, maxBytes, heard } = params;
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of answer.body ?? []) {
    heard();
    length += piece.length;
    if (length > maxBytes) throw new WeftError({ code: "too-large", message: `more than ${maxBytes} bytes` });
    pieces.push(piece);
  }
  return concatBytes(...pieces);
}

/** Throws what a transfer ends by with a code, and the caller's own reason as it is. */
async function coded<Result>(params: {
  url: string;
  signal: AbortSignal | undefined;
  run: () => Promise<Result>;
}): Promise<Result> {
  const { url, signal, run } = params;
  try {
    return await run();
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof WeftError) throw error;
    throw unreachable(url, error instanceof Error ? error.message : "no answer", error);
  }
}

function unreachable(url: string, why: string, cause?: unknown): WeftError {
  return new WeftError({
    code: "attachment-unreachable",
    message: `${URL.parse(url)?.origin ?? "no url"}: ${why}`,
    cause,
  });
}
