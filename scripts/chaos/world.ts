import type { DevnetNode } from "../../src/devnet/devnetNode.ts";
import type { Devnet } from "../../src/devnet/startDevnet.ts";
import type { GroupId, InboxId } from "../../src/index.ts";
import type { TcpProxy } from "../../test/support/tcpProxy.ts";
import type { Place, Talk } from "./acts.ts";
import type { Ledger } from "./ledger.ts";
import type { Clock } from "./openClock.ts";
import type { Disk } from "./openDisk.ts";
import type { Person } from "./openPerson.ts";
import type { Provider } from "./openProvider.ts";

/** A node process and all that stands between it and others. */
export type NodeSeat = {
  readonly name: string;
  readonly node: DevnetNode;
  readonly provider: Provider;
  readonly clock: Clock;
  readonly disk: Disk | undefined;
  /** Ways of clients to it, each client's own and one for all. */
  readonly doors: readonly TcpProxy[];
  /** The way by which other nodes connect to it. */
  readonly meshDoor: TcpProxy;
};

/** A client's process and all that stands between it and the nodes. */
export type PersonSeat = {
  readonly name: string;
  readonly person: Person;
  /** Where its database is, and what opens it. */
  readonly place: Place;
  readonly clock: Clock;
  readonly disk: Disk | undefined;
  /** One to each node. */
  readonly ways: readonly TcpProxy[];
};

export type World = {
  readonly devnet: Devnet;
  readonly nodes: readonly NodeSeat[];
  readonly people: readonly PersonSeat[];
  readonly ledger: Ledger;
  /** What everybody talks in; undefined while nobody talks. */
  talk: Omit<Talk, "seed"> | undefined;
  readonly inboxes: Map<string, InboxId>;
  /** Everybody is in it from its start, and stays. */
  hall: GroupId | undefined;
  /** What clients warned of, by words. */
  readonly logged: Map<string, number>;
  /** What must not happen and did, in words. */
  readonly failures: string[];
  /** Processes that were ended on purpose and are not started yet, by name. */
  readonly ended: Set<string>;
  readonly seed: number;
  readonly signal: AbortSignal;
};

/** Those of a fault. */
export function chosen<Seat>(seats: readonly Seat[], on: readonly number[]): Seat[] {
  return on.flatMap((index) => seats[index] ?? []);
}
