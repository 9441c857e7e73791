import type { FaultKind } from "../faults.ts";
import { cutClients, cutMesh, cutNodes } from "./cut.ts";
import { disturbProviders, reorganizeChain, stallChain } from "./disturbChain.ts";
import { fillClients, fillNodes } from "./fillDisk.ts";
import { killClients, killNodes } from "./kill.ts";
import { skewClients, skewNodes } from "./skewClock.ts";
import { slowClients, slowNodes } from "./slow.ts";
import { stopClients, stopNodes } from "./stop.ts";
import type { Verb } from "./verb.ts";

export const verbs: Readonly<Record<FaultKind, Verb>> = {
  "kill-node": killNodes,
  "kill-client": killClients,
  "stop-node": stopNodes,
  "stop-client": stopClients,
  "slow-node": slowNodes,
  "slow-client": slowClients,
  "cut-node": cutNodes,
  "cut-client": cutClients,
  "cut-mesh": cutMesh,
  "fill-node": fillNodes,
  "fill-client": fillClients,
  "skew-node": skewNodes,
  "skew-client": skewClients,
  provider: disturbProviders,
  "stall-chain": stallChain,
  "reorganize-chain": reorganizeChain,
};
