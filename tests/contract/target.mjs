// Where a request belongs: to an operation of a specification, to an exemption, or nowhere. Owns path templates, host patterns, and
// the checks that Prism does not make: names of query parameters, and the little that is known of exempt requests.

import { readFileSync } from "node:fs";

/** A host pattern: a name, or `*.` and a suffix. */
function hostMatches(pattern, host) {
  return pattern.startsWith("*.") ? host.endsWith(pattern.slice(1)) : host === pattern;
}

/**
 * A path template as a regular expression. `{name}` is one segment, `{GO}` (two capitals) a Twilio SID with this prefix, `{*}`
 * anything.
 */
function pathPattern(template) {
  const pattern = template
    .split(/(\{[^}]*\})/)
    .map((part) => {
      if (part === "{*}") return ".*";
      if (/^\{[A-Z]{2}\}$/.test(part)) return `${part.slice(1, 3)}[0-9a-fA-F]{32}`;
      return part.startsWith("{") ? "[^/]+" : part.replace(/[.*+?^$()|[\]\\]/g, "\\$&");
    })
    .join("");
  return new RegExp(`^${pattern}$`);
}

const METHODS = ["get", "put", "post", "delete", "patch", "head", "options"];

/** A specification with its operations, the most literal paths first. */
export function readSpecification(entry, file, parse) {
  const document = parse(readFileSync(file, "utf8"));
  const follow = (node) => {
    if (!node?.$ref) return node;
    const keys = node.$ref.replace(/^#\//, "").split("/");
    return keys.reduce((at, key) => at[key.replace(/~1/g, "/").replace(/~0/g, "~")], document);
  };
  const paths = Object.entries(document.paths ?? {}).map(([template, item]) => ({
    template,
    pattern: pathPattern(template),
    parameters: (template.match(/\{/g) ?? []).length,
    operations: new Map(
      METHODS.filter((method) => item[method]).map((method) => {
        const parameters = [...(item.parameters ?? []), ...(item[method].parameters ?? [])].map(follow);
        const query = parameters.filter((p) => p.in === "query").map((p) => p.name);
        return [method.toUpperCase(), { query: new Set(query) }];
      }),
    ),
  }));
  paths.sort((a, b) => a.parameters - b.parameters || (a.template < b.template ? -1 : 1));
  if (!paths.some((path) => path.operations.size > 0)) throw new Error(`${file} has no operations`);
  return { ...entry, path: file, paths };
}

/** An exemption, ready to match. */
export function readExemption(entry) {
  return { ...entry, pattern: pathPattern(entry.path) };
}

/** A path as the specification writes it, where that describes the same operations at another path. */
function rewritten(path, rewrites = []) {
  const rewrite = rewrites.find(({ from }) => path.startsWith(from));
  return rewrite ? `${rewrite.to}${path.slice(rewrite.from.length)}` : path;
}

/**
 * The request's place: `{specification, operation, path}`, `{exemption}` or `{}`. `problems` are violations that are seen without
 * asking Prism.
 */
export function locate(request, specifications, exemptions) {
  const special = exemptions.find((it) => it.has && appliesTo(it, request) && isFilled(request.body, it.has));
  if (special) return { exemption: special, problems: exemptProblems(request, special) };
  for (const specification of specifications) {
    if (!hostMatches(specification.host, request.host)) continue;
    if (!request.path.startsWith(`${specification.basePath}/`)) continue;
    const path = rewritten(request.path.slice(specification.basePath.length), specification.rewrites);
    const found = specification.paths.find((candidate) => candidate.pattern.test(path));
    if (!found) continue;
    const name = `${request.method} ${specification.basePath}${found.template}`;
    const operation = found.operations.get(request.method);
    if (!operation) return { specification, name, problems: [`the path has no ${request.method}`] };
    const problems = queryNames(request)
      .filter((key) => !operation.query.has(key))
      .map((key) => `query parameter \`${key}\` is not in the specification`);
    return { specification, name, path, problems };
  }
  const exemption = exemptions.find((candidate) => !candidate.has && appliesTo(candidate, request));
  if (exemption) return { exemption, problems: exemptProblems(request, exemption) };
  return { problems: ["no specification has this request, and no exemption names it"] };
}

function appliesTo(exemption, request) {
  return (
    hostMatches(exemption.host, request.host) &&
    (exemption.method === "*" || exemption.method === request.method) &&
    exemption.pattern.test(request.path)
  );
}

/** Whether a body has an object with something in it at a path of keys joined with dots. */
function isFilled(body, path) {
  const found = path.split(".").reduce((at, key) => at?.[key], body);
  return typeof found === "object" && found !== null && Object.keys(found).length > 0;
}

function exemptProblems(request, exemption) {
  const problems = [];
  if (exemption.query) {
    for (const key of queryNames(request)) {
      if (!exemption.query.includes(key)) problems.push(`query parameter \`${key}\` is not documented`);
    }
  }
  if (exemption.body) {
    const body = request.body;
    const fields = typeof body === "string" ? [...new URLSearchParams(body).keys()] : Object.keys(body ?? {});
    for (const field of fields) {
      if (!exemption.body.includes(field)) problems.push(`field \`${field}\` is not documented`);
    }
    for (const field of exemption.required ?? []) {
      if (!fields.includes(field)) problems.push(`field \`${field}\` is required`);
    }
  }
  return problems;
}

function queryNames(request) {
  return [...new Set(new URLSearchParams(request.query ?? "").keys())];
}
