import {
  createAsyncIterable,
  encodeEnvelope,
  readAllBytes,
  type UniversalServerResponse,
} from "@connectrpc/connect/protocol";
import {
  codeToHttpStatus,
  createEndStreamSerialization,
  endStreamFlag,
  errorFromJsonBytes,
  errorToJsonBytes,
} from "@connectrpc/connect/protocol-connect";
import type { Account } from "./accounts.ts";
import { toConnectError } from "./errorDetail.ts";
import { MAX_RESPONSE_BYTES } from "./limits.ts";

/**
 * The answer of a call that is no stream, if its caller may leave that much unread. Requests that do not even decode
 * are refused by Connect itself, without our detail: it is added here.
 */
export async function codedResponse(params: {
  response: UniversalServerResponse;
  account: Account;
}): Promise<UniversalServerResponse> {
  const { response, account } = params;
  const { status, header = new Headers(), body } = response;
  if (body === undefined) return response;
  const bytes = await readAllBytes(body, 2 * MAX_RESPONSE_BYTES);
  const refused = (error: unknown): UniversalServerResponse => {
    const answer = toConnectError(error);
    const told = errorToJsonBytes(answer, undefined);
    header.set("content-type", "application/json");
    header.set("content-length", String(told.length));
    return { status: codeToHttpStatus(answer.code), header, body: createAsyncIterable([told]) };
  };
  if (status !== 200) {
    if (!header.get("content-type")?.startsWith("application/json")) return response;
    return refused(errorFromJsonBytes(bytes, undefined, toConnectError(undefined)));
  }
  try {
    account.unread({ bytes: bytes.length, more: bytes.length });
  } catch (error) {
    return refused(error);
  }
  return { ...response, body: createAsyncIterable([bytes]) };
}

const endStream = createEndStreamSerialization(undefined);

/** The last message of a stream that ends by an error. */
export function endOfStream(error: unknown): Uint8Array {
  const data = endStream.serialize({ error: toConnectError(error), metadata: new Headers() });
  return encodeEnvelope(endStreamFlag, data);
}
