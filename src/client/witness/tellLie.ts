import { steadyMs } from "../../clock/steadyMs.ts";
import type { Lie, Witnesses } from "./witnesses.ts";

/** How long until the same lie is told to the app again. */
const AGAIN_MS = 60_000;
const MAX_REMEMBERED = 256;

/** Tells the app of a contradiction, not more often than it can use. */
export function tellLie(witnesses: Witnesses, lie: Lie): void {
  const { told, onLie } = witnesses;
  const key = `${lie.node} ${lie.fact} ${lie.isDecided}`;
  const last = told.get(key);
  if (last !== undefined && last + AGAIN_MS > steadyMs()) return;
  told.delete(key);
  told.set(key, steadyMs());
  const [oldest] = told.keys();
  if (told.size > MAX_REMEMBERED && oldest !== undefined) told.delete(oldest);
  onLie(lie);
}
