// The contract check: every request that Concord sent during the tests, against the vendors' specifications. See README.md.
//
// node check.mjs RECORD_FOLDER SPECIFICATIONS_FOLDER MODULES_FOLDER

import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { Prism } from "./prism.mjs";
import { describe, readLines, readRecord } from "./record.mjs";
import { locate, readExemption, readSpecification } from "./target.mjs";

const MAX_PRINTED = 20;
const WORKERS = 4;

const here = dirname(fileURLToPath(import.meta.url));
const [recordFolder, specificationsFolder, modulesFolder] = process.argv.slice(2).map((path) => resolve(path));
const modules = createRequire(join(modulesFolder, "package.json"));
const { parse } = modules("yaml");
const prismPackage = modules("@stoplight/prism-cli/package.json");
const prismBin = typeof prismPackage.bin === "string" ? prismPackage.bin : prismPackage.bin.prism;
const prismProgram = join(modulesFolder, "node_modules/@stoplight/prism-cli", prismBin);

const readJson = (name) => JSON.parse(readFileSync(join(here, name), "utf8"));
const failures = [];

function specifications() {
  return readJson("specifications.json").map((entry) => {
    const file = join(specificationsFolder, entry.file);
    if (!existsSync(file)) throw new Error(`there is no specification ${file}`);
    return readSpecification(entry, file, (text) => parse(text, { maxAliasCount: -1 }));
  });
}

/** Everything wrong with each request, a few at a time. */
async function judge(requests, specs, exemptions, prisms) {
  const judged = [];
  const queue = requests.map((request, index) => ({ request, index }));
  const worker = async () => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      const place = locate(next.request, specs, exemptions);
      const asked = place.path === undefined ? [] : await prisms.get(place.specification.name).problems(next.request, place.path);
      judged[next.index] = { request: next.request, place, problems: [...place.problems, ...asked] };
    }
  };
  await Promise.all(Array.from({ length: WORKERS }, worker));
  return judged;
}

/** A validator that compiled to nothing passes everything: each specification has to refuse what is known to be wrong. */
async function proveThatBadIsRefused(specs, exemptions, prisms) {
  const { requests } = readLines(join(here, "known-bad.jsonl"));
  const judged = await judge(requests, specs, exemptions, prisms);
  for (const { request, problems } of judged) {
    if (problems.length === 0) failures.push(`a request that is known to be bad passed (${request.why})\n    ${describe(request)}`);
  }
  for (const spec of specs) {
    // Those that Prism itself was asked about, and refused for no other reason.
    const refused = judged.filter((it) => it.place.specification === spec && it.place.path && it.place.problems.length === 0);
    if (!refused.some((it) => it.problems.length > 0)) failures.push(`Prism refused nothing that is known to be bad for ${spec.name}`);
  }
  console.log(`known to be bad: ${judged.filter((it) => it.problems.length > 0).length} of ${judged.length} refused`);
}

function report(judged, specs, exemptions, counts) {
  const rows = specs.map((spec) => {
    const own = judged.filter((it) => it.place.specification === spec);
    const hit = [...new Set(own.map((it) => it.place.name))].sort();
    const bad = own.filter((it) => it.problems.length > 0).length;
    if (spec.required && own.length === 0) {
      failures.push(`no request of ${spec.name} was recorded: do the tests still record, with User-Agent concord/VERSION?`);
    }
    return { spec, hit, cells: [spec.name, `${hit.length}`, `${own.length}`, "-", `${bad}`] };
  });
  const exempt = judged.filter((it) => it.place.exemption);
  const nowhere = judged.filter((it) => !it.place.exemption && !it.place.specification);
  const badExempt = exempt.filter((it) => it.problems.length > 0).length;
  const table = [
    ["specification", "operations hit", "requests checked", "exempt", "violations"],
    ...rows.map((row) => row.cells),
    ["(none)", "-", "-", `${exempt.length}`, `${badExempt + nowhere.length}`],
  ];
  const widths = table[0].map((_, column) => Math.max(...table.map((row) => row[column].length)));
  const { files, lines, foreign, cut } = counts;
  const incomplete = cut === 0 ? "" : `; ${cut} incomplete last lines left out`;
  console.log(`recorded: ${lines} requests in ${files} files, ${foreign} of them not by Concord; ${judged.length} distinct${incomplete}\n`);
  for (const row of table) {
    console.log(row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column]))).join("  ").trimEnd());
  }
  for (const { spec, hit } of rows) {
    if (hit.length > 0) console.log(`\n${spec.name}:\n${hit.map((name) => `  ${name}`).join("\n")}`);
  }
  const used = exemptions
    .map((exemption) => ({ exemption, count: exempt.filter((it) => it.place.exemption === exemption).length }))
    .filter(({ count }) => count > 0);
  if (used.length > 0) console.log("\nexempt:");
  for (const { exemption, count } of used) {
    console.log(`  ${count} x ${exemption.method} ${exemption.host}${exemption.path}: ${exemption.reason}`);
  }
  for (const { request, problems } of judged) {
    if (problems.length > 0) failures.push(`${describe(request)}\n${problems.map((problem) => `    - ${problem}`).join("\n")}`);
  }
}

const prisms = new Map();
try {
  const specs = specifications();
  const exemptions = readJson("exemptions.json").map(readExemption);
  const { requests, counts } = readRecord(recordFolder);
  const starting = await Promise.allSettled(
    specs.map(async (spec) => prisms.set(spec.name, await Prism.start(prismProgram, spec.path))),
  );
  const failed = starting.find((start) => start.status === "rejected");
  if (failed) throw failed.reason;
  await proveThatBadIsRefused(specs, exemptions, prisms);
  report(await judge(requests, specs, exemptions, prisms), specs, exemptions, counts);
} catch (error) {
  failures.push(error.message);
} finally {
  for (const prism of prisms.values()) prism.stop();
}

if (failures.length > 0) {
  console.error(`\n${failures.length} contract ${failures.length === 1 ? "failure" : "failures"}:`);
  for (const failure of failures.slice(0, MAX_PRINTED)) console.error(`\n  ${failure}`);
  if (failures.length > MAX_PRINTED) console.error(`\n  and ${failures.length - MAX_PRINTED} more`);
  process.exitCode = 1;
} else {
  console.log("\ncontract: every request keeps to its specification");
}
