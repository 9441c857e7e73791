import assert from "node:assert/strict";
import { test } from "node:test";
import { clientAddress, readProxies } from "../../src/rpc/clientAddress.ts";

const proxies = readProxies({ trusted: ["10.0.0.0/8", "192.0.2.1", "fd00::/8"], header: "x-forwarded-for" });
const standard = readProxies({ trusted: ["10.0.0.0/8"], header: "forwarded" });

function caller(remote: string, forwarded?: string): string {
  const headers = forwarded === undefined ? {} : { "x-forwarded-for": forwarded };
  return clientAddress({ remote, headers, proxies });
}

test("only proxies that are trusted are believed", () => {
  assert.equal(caller("203.0.113.5", "1.1.1.1"), "203.0.113.5");
  assert.equal(caller("192.0.2.2", "1.1.1.1"), "192.0.2.2");
  for (const proxy of ["10.1.2.3", "::ffff:10.1.2.3", "192.0.2.1", "fd00::7"]) {
    assert.equal(caller(proxy, "203.0.113.5"), "203.0.113.5", proxy);
  }
  const nobody = readProxies({ trusted: [], header: "x-forwarded-for" });
  const headers = { "x-forwarded-for": "1.1.1.1" };
  assert.equal(clientAddress({ remote: "127.0.0.1", headers, proxies: nobody }), "127.0.0.1");
});

test("the rightmost hop that is no trusted proxy counts, whatever was written before it", () => {
  assert.equal(caller("10.0.0.1", "1.1.1.1, 203.0.113.5"), "203.0.113.5");
  assert.equal(caller("10.0.0.1", "1.1.1.1, 203.0.113.5 ,10.0.0.2, fd00::1"), "203.0.113.5");
  assert.equal(caller("10.0.0.1", "junk, , 203.0.113.5"), "203.0.113.5");
  assert.equal(caller("10.0.0.1", "10.0.0.9"), "10.0.0.9", "a client inside of the operator's network");
});

test("a proxy that names nobody is the caller itself", () => {
  assert.equal(caller("10.0.0.1"), "10.0.0.1");
  assert.equal(caller("10.0.0.1", ""), "10.0.0.1");
  assert.equal(caller("10.0.0.1", "203.0.113.5, unknown"), "10.0.0.1");
  assert.equal(caller("10.0.0.1", "203.0.113.5, junk, 10.0.0.2"), "10.0.0.2");
});

test("addresses are read as they are written, with ports, brackets and zeros", () => {
  assert.equal(caller("10.0.0.1", "203.0.113.5:4711"), "203.0.113.5");
  assert.equal(caller("10.0.0.1", "[2001:DB8:0::1]:4711"), "2001:db8::1");
  assert.equal(caller("10.0.0.1", "2001:0db8::0001"), "2001:db8::1");
  assert.equal(caller("10.0.0.1", "::ffff:cb00:7105"), "203.0.113.5");
});

test("the standard's header is read as RFC 7239 has it, and only if it is the one named", () => {
  const read = (forwarded: string) =>
    clientAddress({
      remote: "10.0.0.1",
      headers: { forwarded, "x-forwarded-for": "1.1.1.1" },
      proxies: standard,
    });
  assert.equal(read("for=203.0.113.5;proto=https;by=10.0.0.1"), "203.0.113.5");
  assert.equal(read('for=1.1.1.1, For="[2001:db8::1]:80" ;proto=https'), "2001:db8::1");
  assert.equal(read("for=_hidden"), "10.0.0.1");
  assert.equal(read("proto=https"), "10.0.0.1");
  const headers = { forwarded: "for=1.1.1.1" };
  assert.equal(clientAddress({ remote: "10.0.0.1", headers, proxies }), "10.0.0.1");
});

test("what is no address and no network is named", () => {
  for (const trusted of ["10.0.0.0/33", "fd00::/129", "proxy.example", "10.0.0.0/8/8", "10.0.0.0/x", "/8"]) {
    assert.throws(
      () => readProxies({ trusted: [trusted], header: "forwarded" }),
      { code: "bad-config" },
      trusted,
    );
  }
});
