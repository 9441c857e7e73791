/** A VXLAN header and an Ethernet header come before the packet. */
const ETHERNET_AT = 8;
const ETHERTYPE_AT = ETHERNET_AT + 12;
const IP_AT = ETHERNET_AT + 14;
const IPV4 = 0x0800;
const TCP = 6;

/**
 * Computes the checksum (RFC 9293, 3.1) of a TCP segment in a VXLAN datagram, in place: a kernel leaves that to the
 * network's hardware, and where two namespaces are linked there is none.
 */
export function mendChecksum(datagram: Buffer): void {
  if (datagram.length < IP_AT + 20 || datagram.readUInt16BE(ETHERTYPE_AT) !== IPV4) return;
  if (datagram[IP_AT + 9] !== TCP) return;
  const headerBytes = ((datagram[IP_AT] ?? 0) & 15) * 4;
  const at = IP_AT + headerBytes;
  const end = Math.min(IP_AT + datagram.readUInt16BE(IP_AT + 2), datagram.length);
  if (end < at + 20) return;
  datagram.writeUInt16BE(0, at + 16);
  let sum = TCP + end - at;
  // Both addresses count, and then the segment.
  for (let i = IP_AT + 12; i < IP_AT + 20; i += 2) sum += datagram.readUInt16BE(i);
  for (let i = at; i + 1 < end; i += 2) sum += datagram.readUInt16BE(i);
  if ((end - at) % 2 === 1) sum += (datagram[end - 1] ?? 0) << 8;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  datagram.writeUInt16BE(~sum & 0xffff, at + 16);
}
