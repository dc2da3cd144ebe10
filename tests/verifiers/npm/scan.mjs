// The HTTP Observatory's own scan of HOSTNAME, with every name leading to ADDRESS: node scan.mjs HOSTNAME ADDRESS.
// NODE_EXTRA_CA_CERTS names the authority to trust. Prints what its command line would print.
import dns from "node:dns";
import { isIP } from "node:net";

const [hostname, address] = process.argv.slice(2);

// node's http agents ask dns.lookup, so nothing of the machine's own name resolution is touched.
dns.lookup = (_name, options, callback) => {
  const answer = { address, family: isIP(address) };
  const done = callback ?? options;
  if (options?.all) done(null, [answer]);
  else done(null, answer.address, answer.family);
};

const { scan } = await import("@mdn/mdn-http-observatory");
const result = await scan(hostname);
for (const test of Object.values(result.tests)) delete test.scoreDescription;
console.log(JSON.stringify(result, null, 2));
