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
 * Returns the answer of a call that is no stream, or a refusal if the caller may not leave so much unread. Connect
 * itself refuses requests that do not decode, without an ErrorDetail, which is added here.
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

/** Makes the last message of a stream that ends with an error. */
export function endOfStream(error: unknown): Uint8Array {
  const data = endStream.serialize({ error: toConnectError(error), metadata: new Headers() });
  return encodeEnvelope(endStreamFlag, data);
}
