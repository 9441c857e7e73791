import { openFetch } from "#open-fetch";
import { concatBytes } from "../crypto/concatBytes.ts";
import { WeftError } from "../errors.ts";
import type { AttachmentStore } from "./attachmentStore.ts";
import { isPublicName } from "./isPublicName.ts";
import type { ProxyChoice } from "./proxy.ts";

/** How long a server may take for its answer to begin, and between two pieces of it. */
const SILENCE_MS = 30_000;

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
    const silence = AbortSignal.timeout(SILENCE_MS);
    const signal = init.signal ? AbortSignal.any([init.signal, silence]) : silence;
    const answer = await through(url, { ...init, ...ALONE, signal });
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
      const init = { method: "PUT", headers: { ...type, ...headers }, body: bytes, signal: signal ?? null };
      await (await ask(url, init, false)).body?.cancel();
      return [url];
    },
    get: async ({ url, maxBytes, signal }) => {
      const at = URL.parse(url);
      if (!at || (!inside && (at.protocol !== "https:" || !isPublicName(at.hostname))))
        throw unreachable(url, "not a public https address");
      return await readAll(await ask(url, { signal: signal ?? null }, true), maxBytes);
    },
  };
}

const ALONE = { redirect: "error", credentials: "omit", referrerPolicy: "no-referrer" } as const;

async function readAll(answer: Response, maxBytes: number): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of answer.body ?? []) {
    length += piece.length;
    if (length > maxBytes) throw new WeftError({ code: "too-large", message: `more than ${maxBytes} bytes` });
    pieces.push(piece);
  }
  return concatBytes(...pieces);
}

function unreachable(url: string, why: string): WeftError {
  return new WeftError({
    code: "attachment-unreachable",
    message: `${URL.parse(url)?.origin ?? "no url"}: ${why}`,
  });
}
