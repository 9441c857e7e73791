import { KEY_PACKAGE_LIFETIME_SECONDS, type OwnKeyPackage } from "./createKeyPackageRecord.ts";

/** Welcomes made with a superseded key package that none has used yet may still be under way this long. */
export const KEY_PACKAGE_GRACE_MS = 7 * 24 * 3600 * 1000;
/**
 * Those of people who took it up together with the one who used it. Short, because with its secrets that Welcome opens
 * once more, and with it the epochs up to this client's first rotation.
 */
export const USED_KEY_PACKAGE_GRACE_MS = 24 * 3600 * 1000;

/**
 * Whether to publish the next generation: one Welcome used this one, or half of its life is over, or it has more than one
 * and a half before it, which only a clock that was far ahead can have given it.
 */
export function needsRotation(params: { own: OwnKeyPackage; used: boolean; nowMs: number }): boolean {
  const { own, used, nowMs } = params;
  const leftMs = own.expiresAt * 1000 - nowMs;
  const lifetimeMs = KEY_PACKAGE_LIFETIME_SECONDS * 1000;
  return used || leftMs <= lifetimeMs / 2 || leftMs > lifetimeMs * 1.5;
}

/** Whether the secrets of a superseded key package can go, so that what was sealed to it stays closed for ever. */
export function canForget(params: { supersededAtMs: number; used: boolean; nowMs: number }): boolean {
  const graceMs = params.used ? USED_KEY_PACKAGE_GRACE_MS : KEY_PACKAGE_GRACE_MS;
  return params.nowMs >= params.supersededAtMs + graceMs;
}
