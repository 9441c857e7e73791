import assert from "node:assert/strict";
import { test } from "node:test";
import { isWeftError } from "../../src/errors.ts";
import { environmentProxy } from "../../src/net/environmentProxy.ts";
import { hostOf, parseProxy, portOf } from "../../src/net/proxy.ts";

const proxy = "http://proxy.example:3128";

function chosen(url: string, environment: Record<string, string>): string | undefined {
  return environmentProxy({ url: new URL(url), environment });
}

test("the environment names a proxy by scheme, in either spelling, and this machine needs none", () => {
  assert.equal(chosen("https://node.example", { HTTPS_PROXY: proxy }), proxy);
  assert.equal(chosen("http://node.example", { HTTPS_PROXY: proxy }), undefined);
  assert.equal(chosen("http://node.example", { http_proxy: proxy, HTTP_PROXY: "http://other" }), proxy);
  assert.equal(chosen("http://node.example", { ALL_PROXY: proxy }), proxy);
  for (const host of ["localhost", "a.localhost", "127.0.0.1", "127.1.2.3", "[::1]"]) {
    assert.equal(chosen(`http://${host}:7401`, { ALL_PROXY: proxy }), undefined, host);
  }
});

test("NO_PROXY takes hosts, what lies below them, ports, ranges and IPv6 addresses", () => {
  const excluded: [rule: string, url: string][] = [
    ["*", "https://node.example"],
    ["node.example", "https://node.example"],
    ["example", "https://node.example"],
    [".example", "https://node.example"],
    ["*.example", "https://node.example"],
    ["a.b, node.example:8443", "https://node.example:8443"],
    ["10.0.0.0/8", "https://10.1.2.3"],
    ["10.1.2.3", "https://10.1.2.3"],
    ["2001:db8::1", "https://[2001:db8:0::1]"],
    ["[2001:db8::1]:443", "https://[2001:db8::1]"],
    ["2001:db8::/32", "https://[2001:db8::7]:9"],
  ];
  for (const [rule, url] of excluded) {
    assert.equal(chosen(url, { ALL_PROXY: proxy, NO_PROXY: rule }), undefined, `${rule} ${url}`);
  }
  const asked: [rule: string, url: string][] = [
    ["ode.example", "https://node.example"],
    ["node.example:8443", "https://node.example"],
    ["10.0.0.0/8", "https://11.1.2.3"],
    ["2001:db8::/32", "https://[2001:db9::7]"],
    ["junk/77, ,/", "https://node.example"],
  ];
  for (const [rule, url] of asked) {
    assert.equal(chosen(url, { ALL_PROXY: proxy, NO_PROXY: rule }), proxy, `${rule} ${url}`);
  }
});

test("a proxy's address has a scheme that is known, and an IPv6 host loses its brackets", () => {
  const url = parseProxy("socks5://[::1]");
  assert.deepEqual([hostOf(url), portOf(url)], ["::1", 1080]);
  assert.equal(portOf(parseProxy("proxy.example")), 80);
  for (const text of ["ftp://proxy.example", "http://", "socks5://user:secret@"]) {
    assert.throws(
      () => parseProxy(text),
      (error) => isWeftError(error, "bad-config") && !error.message.includes("secret"),
      text,
    );
  }
});
