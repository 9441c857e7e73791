import type { Page } from "playwright-core";
import { temporaryDirectory } from "../support/temporaryDirectory.ts";
import { bundlePage } from "./bundlePage.ts";
import { servePage } from "./servePage.ts";
import { startBrowser } from "./startBrowser.ts";

/** A page at one origin, and a browser whose profile, and so its IndexedDB, outlives it. */
export type Site = {
  readonly newPage: () => Promise<Page>;
  /** Ends the browser and starts another with the same profile. */
  readonly restart: () => Promise<void>;
};

export type OpenedSite =
  | ({ readonly kind: "open"; readonly site: Site } & AsyncDisposable)
  | { readonly kind: "missing"; readonly reason: string };

/** Opens a site of one page, a script of this folder. `reason` says why this machine has no browser. */
export async function openSite(
  params: { readonly page?: string; readonly host?: string } = {},
): Promise<OpenedSite> {
  const { page = "test/browser/page.ts", host = "127.0.0.1" } = params;
  await using stack = new AsyncDisposableStack();
  const profile = stack.use(await temporaryDirectory()).path;
  const started = await startBrowser(profile);
  if (started.kind === "missing") return started;
  let { browser } = started;
  stack.defer(() => browser.close());
  const { code } = await bundlePage(page);
  const { url } = stack.use(await servePage({ code, host }));
  const site: Site = {
    newPage: async () => {
      const page = await browser.newPage();
      page.on("pageerror", (error) => console.error(`in the page: ${error.stack}`));
      await page.goto(url);
      return page;
    },
    restart: async () => {
      await browser.close();
      const again = await startBrowser(profile);
      if (again.kind === "missing") throw new Error(again.reason);
      browser = again.browser;
    },
  };
  const owned = stack.move();
  return { kind: "open", site, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
