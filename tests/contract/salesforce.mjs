// What Concord deployed to Salesforce during the tests, against the published types of the Metadata API (npm `@salesforce/types`): there
// is no OpenAPI specification of it. Every XML file of every recorded deploy has to be a value of its type: known elements, required ones
// there, enumerations by the API's own words, booleans and numbers as such. See README.md.
//
// node salesforce.mjs RECORD_FOLDER MODULES_FOLDER

import { readFileSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { inflateRawSync } from "node:zlib";

const [recordFolder, modulesFolder] = process.argv.slice(2).map((path) => resolve(path));
const declarations = readFileSync(join(modulesFolder, "node_modules/@salesforce/types/lib/metadata.d.ts"), "utf8");

/** Types and enumerations by name, as far as the declarations are as regular as they are today. */
function readTypes(text) {
  const types = new Map();
  for (const [, name, parent, body] of text.matchAll(/^export type (\w+) = (?:(\w+) & )?\{\n([\s\S]*?)^\};/gm)) {
    const fields = new Map();
    for (const [, field, optional, type] of body.matchAll(/^    (\w+)(\??): ([^;]+);$/gm)) {
      // A list may be empty, which in XML is no element at all.
      fields.set(field, { type: type.replace("[]", ""), isList: type.endsWith("[]"), required: optional === "" && !type.endsWith("[]") });
    }
    types.set(name, { parent, fields });
  }
  for (const [, name, values] of text.matchAll(/^export type (\w+) = ((?:'[^']*'(?: \| )?)+);$/gm)) {
    types.set(name, { values: [...values.matchAll(/'([^']*)'/g)].map(([, value]) => value) });
  }
  return types;
}

/** All fields of a type, inherited ones too; `fullName` is the file's name and `content` a file beside it. */
function fieldsOf(types, name) {
  const type = types.get(name);
  const inherited = type.parent ? fieldsOf(types, type.parent) : new Map();
  return new Map([...inherited, ...type.fields].filter(([field]) => field !== "fullName" && field !== "content"));
}

/** A document of elements and texts, which is all that metadata have. */
function parseXml(text) {
  const root = { name: "", children: [], text: "" };
  const stack = [root];
  const unescape = (s) => s.replace(/&(lt|gt|quot|apos|amp);/g, (_, e) => ({ lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" })[e]);
  for (const [, close, name, attributes, empty, chars] of text.matchAll(/<(\/?)([\w:]+)([^>]*?)(\/?)>|([^<]+)/g)) {
    const top = stack.at(-1);
    if (chars !== undefined) top.text += unescape(chars);
    else if (close) {
      if (stack.length < 2 || top.name !== name) throw new Error(`</${name}> closes <${top.name}>`);
      stack.pop();
    } else {
      const element = { name, attributes, children: [], text: "" };
      top.children.push(element);
      if (!empty) stack.push(element);
    }
  }
  if (stack.length !== 1 || root.children.length !== 1) throw new Error("not one whole document");
  return root.children[0];
}

/** Everything that is wrong with an element as a value of a type. */
function problems(types, name, element, at = element.name) {
  const fields = fieldsOf(types, name);
  const found = [];
  for (const child of element.children) {
    const field = fields.get(child.name);
    const place = `${at}.${child.name}`;
    if (!field) {
      found.push(`${place}: ${name} has no such element`);
      continue;
    }
    const type = types.get(field.type);
    const value = child.text.trim();
    if (type?.fields) found.push(...problems(types, field.type, child, place));
    else if (child.children.length > 0) found.push(`${place}: a text was expected`);
    else if (type?.values && !type.values.includes(value)) found.push(`${place}: ${value} is none of ${type.values.join(", ")}`);
    else if (field.type === "boolean" && !["true", "false"].includes(value)) found.push(`${place}: ${value} is no boolean`);
    else if (field.type === "number" && !/^-?\d+(\.\d+)?$/.test(value)) found.push(`${place}: ${value} is no number`);
    if (!field.isList && element.children.filter((it) => it.name === child.name).length > 1) found.push(`${place}: more than once`);
  }
  for (const [field, { required }] of fields) {
    if (required && !element.children.some((child) => child.name === field)) found.push(`${at}: ${field} is missing`);
  }
  return found;
}

/** The files of a zip (APPNOTE 4.3), by its central directory. */
function unzip(bytes) {
  const end = bytes.lastIndexOf(Buffer.from([0x50, 0x4b, 5, 6]));
  if (end < 0) throw new Error("no zip");
  const files = new Map();
  let at = bytes.readUInt32LE(end + 16);
  for (let left = bytes.readUInt16LE(end + 10); left > 0; left -= 1) {
    const [method, size] = [bytes.readUInt16LE(at + 10), bytes.readUInt32LE(at + 20)];
    const [name, extra, comment] = [28, 30, 32].map((offset) => bytes.readUInt16LE(at + offset));
    const header = bytes.readUInt32LE(at + 42);
    const path = bytes.toString("utf8", at + 46, at + 46 + name);
    const start = header + 30 + bytes.readUInt16LE(header + 26) + bytes.readUInt16LE(header + 28);
    const data = bytes.subarray(start, start + size);
    files.set(path, (method === 0 ? data : inflateRawSync(data)).toString("utf8"));
    at += 46 + name + extra + comment;
  }
  return files;
}

/** The zips of the deploys that Concord's own client sent. */
function* deploys(folder) {
  for (const file of readdirSync(folder).filter((name) => name.endsWith(".jsonl"))) {
    for (const line of readFileSync(join(folder, file), "utf8").split("\n")) {
      if (!line.includes("/metadata/deployRequest")) continue;
      let request;
      try {
        request = JSON.parse(line);
      } catch {
        continue; // a last line that a killed process did not finish
      }
      if (request.method !== "POST" || !/^concord\/\d/.test(request.userAgent ?? "") || !request.bodyBase64) continue;
      const body = Buffer.from(request.bodyBase64, "base64");
      const marker = Buffer.from("Content-Type: application/zip\r\n\r\n");
      const start = body.indexOf(marker) + marker.length;
      yield body.subarray(start, body.lastIndexOf(Buffer.from("\r\n--")));
    }
  }
}

const types = readTypes(declarations);
const failures = [];
const checkDocument = (path, text) => {
  const document = parseXml(text.replace(/^<\?xml[^>]*\?>\s*/, ""));
  const found = problems(types, document.name, document);
  if (!document.attributes.includes('xmlns="http://soap.sforce.com/2006/04/metadata"')) found.push(`${path}: wrong namespace`);
  return found;
};

// A check that understood nothing passes everything: what is known to be bad has to be refused.
const SAML = "ExtlClntAppSamlConfigurablePolicies";
const bad = (inner) => `<${SAML} xmlns="http://soap.sforce.com/2006/04/metadata">${inner}</${SAML}>`;
const good = "<acsUrl>a</acsUrl><entityUrl>b</entityUrl><externalClientApplication>c</externalClientApplication>";
const known = [
  [bad(`${good}<nameIdFormat>urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified</nameIdFormat>`), "the URN in the place of the enumeration's word"],
  [bad(`${good}<future>1</future>`), "an element that the type does not have"],
  [bad("<acsUrl>a</acsUrl><externalClientApplication>c</externalClientApplication>"), "a required element is missing"],
  [bad(`${good}<customAttributes><key>a</key></customAttributes>`), "an attribute without its formula"],
  [`<Certificate xmlns="http://soap.sforce.com/2006/04/metadata"><caSigned>no</caSigned><masterLabel>a</masterLabel></Certificate>`, "no boolean"],
];
if (!types.get(SAML) || checkDocument("good", bad(good)).length > 0) failures.push("the types could not be read: a good document is refused");
const refused = known.filter(([text]) => checkDocument("bad", text).length > 0);
for (const [text, why] of known) if (!refused.some(([it]) => it === text)) failures.push(`a document that is known to be bad passed (${why})`);

const seen = new Map();
let count = 0;
for (const zip of deploys(recordFolder)) {
  count += 1;
  for (const [path, text] of unzip(zip)) {
    if (path.endsWith(".crt")) continue;
    if (!seen.has(text)) seen.set(text, { path, found: checkDocument(path, text) });
  }
}
if (count === 0) failures.push("no deploy was recorded: do the tests still record, with User-Agent concord/VERSION?");
for (const { path, found } of seen.values()) failures.push(...found.map((problem) => `${path}: ${problem}`));
console.log(`salesforce: ${count} deploys, ${seen.size} distinct documents; known to be bad: ${refused.length} of ${known.length} refused`);
if (failures.length > 0) {
  console.error(`\n${failures.length} contract ${failures.length === 1 ? "failure" : "failures"}:`);
  for (const failure of failures.slice(0, 20)) console.error(`\n  ${failure}`);
  process.exitCode = 1;
} else {
  console.log("salesforce: every deployed document is a value of its published type");
}
