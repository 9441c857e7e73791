import { KEY_PACKAGE_LIFETIME_SECONDS, type OwnKeyPackage } from "./createKeyPackageRecord.ts";

/** How long Welcomes may be under way that were made with a superseded key package which no Welcome has used yet. */
export const KEY_PACKAGE_GRACE_MS = 7 * 24 * 3600 * 1000;
/**
 * How long Welcomes may be under way that were made with a used key package, at about the time of its use. Short,
 * because with its secrets the Welcome that used it opens once more, and with it the epochs up to this client's first
 * rotation.
 */
export const USED_KEY_PACKAGE_GRACE_MS = 24 * 3600 * 1000;

/**
 * True if the next generation is to be published: a Welcome has used this key package, or half of its life is over, or
 * it has more than one and a half lifetimes left, which only a clock that was far ahead can have given it.
 */
export function needsRotation(params: { own: OwnKeyPackage; used: boolean; nowMs: number }): boolean {
  const { own, used, nowMs } = params;
  const leftMs = own.expiresAt * 1000 - nowMs;
  const lifetimeMs = KEY_PACKAGE_LIFETIME_SECONDS * 1000;
  return used || leftMs <= lifetimeMs / 2 || leftMs > lifetimeMs * 1.5;
}

/** True if the secrets of a superseded key package can go, so that what was sealed to it stays closed for ever. */
export function canForget(params: { supersededAtMs: number; used: boolean; nowMs: number }): boolean {
  const graceMs = params.used ? USED_KEY_PACKAGE_GRACE_MS : KEY_PACKAGE_GRACE_MS;
  return params.nowMs >= params.supersededAtMs + graceMs;
}
