import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { nodeSettings } from "../../src/node/settings/nodeSettings.ts";
import { readNodeSettings } from "../../src/node/settings/readNodeSettings.ts";

test("what is chosen goes before the environment, and that before the default", () => {
  const environment = { WEFT_HTTP: "[::1]:80", WEFT_RPC: "http://env", WEFT_LISTEN: "/a, /b" };
  const settings = readNodeSettings({ chosen: { rpcUrl: "http://chosen", http: undefined }, environment });
  assert.deepEqual(
    [
      settings.rpcUrl,
      settings.http,
      settings.listen,
      settings.dataDir,
      settings.operatorKey,
      settings.welcomeDays,
      settings.entryDays,
    ],
    [["http://chosen"], { host: "::1", port: 80 }, ["/a", "/b"], ".weft/node", undefined, 90, Infinity],
  );
});

test("a node may have several chain providers, in the order of preference", () => {
  const { rpcUrl } = readNodeSettings({ chosen: {}, environment: { WEFT_RPC: "http://one, http://two" } });
  assert.deepEqual(rpcUrl, ["http://one", "http://two"]);
});

test("every default is one that its setting accepts, and every bad value is named", () => {
  const settings = readNodeSettings({ chosen: {}, environment: {} });
  for (const [name, { fallback }] of Object.entries(nodeSettings)) {
    assert.equal(settings[name as keyof typeof nodeSettings] === undefined, fallback === undefined, name);
  }
  const bad = {
    http: "nowhere",
    callBurst: "-1",
    postingSample: "1.5",
    finalityBlocks: "many",
    welcomeDays: "1e3",
  };
  for (const [name, written] of Object.entries(bad)) {
    const { env } = nodeSettings[name as keyof typeof bad];
    assert.throws(() => readNodeSettings({ chosen: { [name]: written }, environment: {} }), {
      code: "bad-config",
      message: new RegExp(`^${env}: .*${written.replaceAll(".", "[.]")}`),
    });
  }
});

test("only src/config.ts reads the environment", async () => {
  const src = fileURLToPath(new URL("../../src", import.meta.url));
  const paths = (await readdir(src, { recursive: true })).filter((path) => path.endsWith(".ts"));
  const texts = await Promise.all(paths.map(async (path) => await readFile(join(src, path), "utf8")));
  assert.deepEqual(
    paths.filter((_, i) => /\bprocess\.env\b/.test(texts[i] ?? "")),
    ["config.ts"],
  );
});
