import assert from "node:assert/strict";
import { test } from "node:test";
import { nodeSettings, readNodeSettings } from "../../src/config.ts";

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
