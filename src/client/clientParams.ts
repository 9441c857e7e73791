import type { Wallet } from "../chain/sign/wallet.ts";
import type { Rotation } from "../reconciler/upkeep/rotation.ts";
import type { Database } from "../store/openDatabase.ts";
import type { Network } from "../wire/network.ts";
import type { ClientLogger } from "./group/core.ts";
import type { NodeLinks } from "./nodes/nodeLinks.ts";
import type { OwnChain } from "./nodes/ownRelay.ts";
import type { WorkProgress } from "./nodes/withTicket.ts";
import type { ChosenWitnesses } from "./witness/openWitnesses.ts";

export type OpenClientParams = {
  /** The database is in this directory; in browsers this is the name of an IndexedDB. */
  readonly directory: string;
  /** The wallet that set the database up, or another one of the same inbox. */
  readonly wallet: Wallet;
  /** HTTP addresses of nodes to start from. */
  readonly nodes: readonly string[];
  readonly network: Network;
  /**
   * Entries, registrations and revocations go straight to the chain by this endpoint and are paid by this account;
   * no node is asked to relay them then, so none can keep them off the chain. The endpoint's operator sees this
   * machine's address; everybody sees the account beside each entry that it paid for.
   */
  readonly chain?: OwnChain;
  /** False: the client stays cut off until `setOnline`. Only a client that was set up before can be opened so. */
  readonly online?: boolean;
  /** How many blocks on top of a block make it final; DEFAULT_FINALITY_BLOCKS unless told. */
  readonly finalityBlocks?: number;
  /**
   * How many nodes each conversation's messages are read from and published to at once; 1 unless told. With more, a
   * node that keeps something back is not even missed.
   */
  readonly mirrors?: number;
  /** When this client renews its keys in each group by itself; `defaultRotation` unless told. */
  readonly rotation?: Rotation | "off";
  /**
   * What becomes of conversations that others bring: they are requests until the person allows them (`ask`), or all are
   * allowed (`allow`, for a program that talks to whoever invites it). `ask` unless told.
   */
  readonly consent?: "ask" | "allow";
  /**
   * True: the members of conversations of up to 20 people hear how far this person has read, at most every ten seconds.
   * False unless told.
   */
  readonly readReceipts?: boolean;
  /**
   * Whether this client shares with its person's other devices what the person has decided, read, named and begun to
   * write: in an own room, a group of these devices that is founded when there is a second one. True unless told.
   */
  readonly ownRoom?: boolean;
  /**
   * Endpoints that confirm what nodes say of the chain, besides nodes of other operators: RPCs of the chain, each of
   * which decides alone. `one-operator`: where the registry has nodes of one operator only, these are believed.
   */
  readonly witnesses?: ChosenWitnesses;
  /**
   * The proxy by which all requests leave, to nodes, endpoints and the chain: `http://…` (by CONNECT), `https://…`,
   * `socks5://…`, or `direct`. Unless told, HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY say so. The proxy looks up
   * names, too. Node.js only: browsers have settings of their own.
   */
  readonly proxy?: string;
  /**
   * Hears how far the work is that nodes ask for before they pay for somebody new: how many puzzles are solved, of how
   * many, for this inbox or for a new group. The work takes about a second, beside this thread.
   */
  readonly onWork?: (progress: WorkProgress) => void;
  readonly logger?: ClientLogger;
  readonly signal?: AbortSignal;
};

/** What is outside of the client: where its records are kept and how nodes are reached. */
export type Outside = { readonly database: Database; readonly connect: NodeLinks["connect"] };
