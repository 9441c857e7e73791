import type { DescMethod } from "@bufbuild/protobuf";

export type RawAnswer = {
  readonly status: number;
  readonly code: string | undefined;
  readonly message: string;
};

type Told = { message?: string; details?: { debug: { code: string } }[] };

/** Calls a method of a node's API with any bytes, without the client that would keep its rules. */
export async function rawCall(params: {
  url: string;
  method: DescMethod;
  bytes: Uint8Array<ArrayBuffer>;
  type?: "proto" | "json";
}): Promise<RawAnswer> {
  const { url, method, bytes, type = "proto" } = params;
  const isStream = method.methodKind === "server_streaming";
  const response = await fetch(`${url}/${method.parent.typeName}/${method.name}`, {
    method: "POST",
    headers: { "content-type": `application/${isStream ? "connect+" : ""}${type}` },
    body: isStream ? withPrefix(bytes) : bytes,
  });
  const answer = new Uint8Array(await response.arrayBuffer());
  const told = isStream ? endOf(answer) : errorOf(answer);
  return { status: response.status, code: told?.details?.[0]?.debug.code, message: told?.message ?? "" };
}

/** Connect's envelope: flags and a length before the message. */
export function withPrefix(bytes: Uint8Array): Buffer<ArrayBuffer> {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([prefix, bytes]);
}

function endOf(answer: Uint8Array): Told | undefined {
  const view = new DataView(answer.buffer, answer.byteOffset, answer.length);
  for (let at = 0; at + 5 <= answer.length; at += 5 + view.getUint32(at + 1)) {
    if (view.getUint8(at) !== 2) continue;
    return (JSON.parse(Buffer.from(answer.subarray(at + 5)).toString()) as { error?: Told }).error;
  }
  return undefined;
}

function errorOf(answer: Uint8Array): Told | undefined {
  const text = Buffer.from(answer).toString();
  return text.startsWith("{") ? (JSON.parse(text) as Told) : undefined;
}
