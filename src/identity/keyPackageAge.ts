import { KEY_PACKAGE_LIFETIME_SECONDS, type OwnKeyPackage } from "./createKeyPackageRecord.ts";

/** Welcomes made with a superseded key package may still be under way this long. */
export const KEY_PACKAGE_GRACE_MS = 7 * 24 * 3600 * 1000;

/** Whether to publish the next generation: one Welcome used this one, or half of its life is over. */
export function needsRotation(params: { own: OwnKeyPackage; used: boolean; nowMs: number }): boolean {
  const halfLifeMs = (params.own.expiresAt - KEY_PACKAGE_LIFETIME_SECONDS / 2) * 1000;
  return params.used || params.nowMs >= halfLifeMs;
}

/** Whether the secrets of a superseded key package can go, so that what was sealed to it stays closed for ever. */
export function canForget(params: { supersededAtMs: number; nowMs: number }): boolean {
  return params.nowMs >= params.supersededAtMs + KEY_PACKAGE_GRACE_MS;
}
