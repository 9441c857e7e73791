/** One JSON-RPC call of a local chain; throws if the chain does not answer or answers with an error. */
export async function callRpc<T>(params: {
  rpcUrl: string;
  method: string;
  args?: readonly unknown[];
  signal?: AbortSignal;
}): Promise<T> {
  const response = await fetch(params.rpcUrl, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: params.method, params: params.args ?? [] }),
    ...(params.signal === undefined ? {} : { signal: params.signal }),
  });
  const answer = (await response.json()) as { result?: T; error?: { message: string } };
  if (answer.error !== undefined) throw new Error(`${params.method}: ${answer.error.message}`);
  return answer.result as T;
}
