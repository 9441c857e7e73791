import chromium from "@sparticuz/chromium";
import { type BrowserContext, chromium as playwright } from "playwright-core";

export type StartedBrowser =
  | { readonly kind: "started"; readonly browser: BrowserContext }
  | { readonly kind: "missing"; readonly reason: string };

const START_TIMEOUT_MS = 30_000;
/** Nothing may leave this machine, and where tests run there is often no sandbox to be had. */
const ARGUMENTS = [
  "--no-sandbox",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-domain-reliability",
  "--disable-gpu",
  "--disable-sync",
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
  "--no-pings",
];

/**
 * Chromium without a window, from its npm package (unpacked into the system's temporary directory the first time),
 * with the profile of a directory. `reason` says why there is none on this machine.
 */
export async function startBrowser(profile: string): Promise<StartedBrowser> {
  let what = "Chromium does not unpack here";
  try {
    const executablePath = await chromium.executablePath();
    what = `Chromium does not start here (${executablePath})`;
    const options = { executablePath, args: ARGUMENTS, timeout: START_TIMEOUT_MS };
    return { kind: "started", browser: await playwright.launchPersistentContext(profile, options) };
  } catch (error) {
    const [line] = String(error).split("\n");
    return { kind: "missing", reason: `${what}: ${line}` };
  }
}
