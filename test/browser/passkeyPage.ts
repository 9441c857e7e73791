import {
  type Client,
  createGroup,
  createPasskey,
  findPasskey,
  type GroupId,
  type Hex,
  type InboxId,
  isWeftError,
  linkWallet,
  listGroups,
  listMessages,
  type Network,
  openClient,
  type Passkey,
  proposeRecovery,
  sendMessage,
  unlinkWallet,
  vetoRecovery,
  walletFromPasskey,
} from "../../src/index.ts";

type Reach = { readonly nodes: readonly string[]; readonly network: Network };

/** What the page offers to the test, which calls it from outside: clients of passkeys' wallets, by name. All JSON. */
const page = {
  createPasskey: (params: { name: string }) => tried(() => createPasskey(params)),
  findPasskey: () => tried(() => findPasskey()),
  open: (params: Reach & { name: string; passkey: Passkey }) =>
    tried(async () => {
      const { name: directory, passkey, ...reach } = params;
      const wallet = walletFromPasskey({ passkey, network: reach.network });
      const client = await openClient({ ...reach, directory, wallet, rotation: "off", consent: "allow" });
      clients.set(directory, client);
      return { inbox: client.inbox, installation: client.installation, address: wallet.address };
    }),
  create: async (params: { name: string; members: readonly InboxId[] }) => {
    const { group, intent } = await createGroup({
      client: clientOf(params),
      name: "g",
      members: params.members,
    });
    return { group, outcome: await intent.settled };
  },
  send: async (params: { name: string; group: GroupId; text: string }) =>
    (await sendMessage({ client: clientOf(params), ...params })).settled,
  read: async (params: { name: string; group: GroupId }) => {
    const client = clientOf(params);
    if (!listGroups({ client }).some((one) => one.group === params.group && one.membership === "member"))
      return [];
    const items = await listMessages({ client, group: params.group });
    return items.flatMap((item) => (item.kind === "message" ? [item.text] : []));
  },
  addressOf: (params: Reach & { passkey: Passkey }) => walletFromPasskey(params).address,
  /** Lets a passkey's wallet act for the inbox of an open client, or for its own without a client. */
  act: (
    params: Reach & { passkey: Passkey; name?: string } & (
        | { verb: "link"; newPasskey: Passkey }
        | { verb: "unlink" | "propose" | "veto"; address: Hex }
      ),
  ) =>
    tried(async () => {
      const { passkey, name, nodes, network } = params;
      const wallet = walletFromPasskey({ passkey, network });
      const who =
        name === undefined ? { wallet, nodes, network } : { client: clientOf({ name }), by: wallet };
      switch (params.verb) {
        case "link":
          return await linkWallet({
            ...who,
            newWallet: walletFromPasskey({ passkey: params.newPasskey, network }),
          });
        case "unlink":
          return await unlinkWallet({ ...who, oldWallet: params.address });
        case "propose":
          return await proposeRecovery({ ...who, recovery: params.address });
        case "veto":
          return await vetoRecovery({ ...who, recovery: params.address });
      }
    }),
  close: async () => {
    for (const client of clients.values()) await client[Symbol.asyncDispose]();
    clients.clear();
  },
};

const clients = new Map<string, Client>();

function clientOf({ name }: { name: string }): Client {
  const client = clients.get(name);
  if (client === undefined) throw new Error(`no client was opened as ${name}`);
  return client;
}

async function tried<T>(run: () => Promise<T>) {
  try {
    return { value: await run() };
  } catch (error) {
    return { code: isWeftError(error) ? error.code : "", message: String(error) };
  }
}

declare global {
  var passkeyPage: typeof page;
}

globalThis.passkeyPage = page;
