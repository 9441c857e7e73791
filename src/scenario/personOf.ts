/** Whose installation a client is: "alice/2" is one of alice's. */
export function personOf(client: string): string {
  return client.split("/")[0] ?? client;
}
