// Load every contract of a bundle, as a partner's program does, and print the services found.
const fs = require("node:fs");
const path = require("node:path");
const loader = require("@grpc/proto-loader");

const bundle = process.argv[2];
const files = fs
  .readdirSync(bundle, { recursive: true })
  .filter((name) => name.endsWith(".proto") && name.startsWith("motcua" + path.sep));
const definitions = loader.loadSync(files, { includeDirs: [bundle], keepCase: true });
const services = Object.entries(definitions).filter(([, each]) => each.format === undefined);
console.log(JSON.stringify(services.map(([name]) => name).sort()));
