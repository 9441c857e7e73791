import type { Fault } from "../faults.ts";
import type { World } from "../world.ts";

/** Begins a fault; the answer ends it, and resolves at once: what has to recover does so behind it. */
export type Verb = (params: { world: World; fault: Fault }) => Promise<End>;
export type End = () => void | Promise<void>;
