import type { DescMethod } from "@bufbuild/protobuf";
import { WeftError } from "../errors.ts";
import type { Account } from "./accounts.ts";
import type { Deadlines } from "./deadlines.ts";
import type { NodeRequest } from "./httpTypes.ts";
import { boundsOf, countFields } from "./methodBounds.ts";
import { readBody } from "./readBody.ts";

/** What precedes the one message of a request that a stream answers: flags, and its length (Connect's protocol). */
const PREFIX_BYTES = 5;

/**
 * Counts a request and reads its body within the bounds of its method, before anything of it is decoded. Throws
 * `limit-exceeded`, `too-large`, `malformed`, and `closed` if the caller goes away.
 */
export async function admitRequest(params: {
  request: NodeRequest;
  method: DescMethod;
  account: Account;
  onBody: (bytes: number) => void;
  deadlines: Deadlines;
}): Promise<Uint8Array> {
  const { request, method, account, onBody, deadlines } = params;
  const isStream = method.methodKind !== "unary";
  account.begin({ isRelay: method.name.startsWith("Relay"), isStream });
  checkType({ request, isStream });
  const prefix = isStream ? PREFIX_BYTES : 0;
  const maxBytes = boundsOf(method).maxBytes + prefix;
  const onBytes = ({ all, more }: { all: number; more: number }): void => {
    onBody(more);
    account.body(all);
  };
  const body = await readBody({ request, maxBytes, onBytes, deadlines });
  if (isStream) checkPrefix(body);
  account.fields(countFields({ method, bytes: body.subarray(prefix) }));
  return body;
}

/** Refuses JSON, which no client of this protocol sends and which can't be bounded before it is decoded. */
function checkType({ request, isStream }: { request: NodeRequest; isStream: boolean }): void {
  const wanted = isStream ? "application/connect+proto" : "application/proto";
  const [type = ""] = (request.headers["content-type"] ?? "").split(";");
  if (!/^application\/(connect\+)?json$/i.test(type.trim())) return;
  throw new WeftError({ code: "malformed", message: `JSON is not taken here: send ${wanted}` });
}

function checkPrefix(body: Uint8Array): void {
  const view = new DataView(body.buffer, body.byteOffset, body.length);
  const isOneMessage = body.length >= PREFIX_BYTES && view.getUint32(1) === body.length - PREFIX_BYTES;
  if (isOneMessage && body[0] === 0) return;
  throw new WeftError({ code: "malformed", message: "a request that is not one message" });
}
