// One Prism mock server a specification, on loopback. Owns starting and stopping it, and reading from its answer whether the request
// kept to the specification.

import { spawn } from "node:child_process";
import { Agent, request as httpRequest } from "node:http";
import { createServer } from "node:net";

/** Prism's own errors that judge the request (docs.stoplight.io/docs/prism, "Understanding Prism Errors"). */
const JUDGEMENTS = new Set([
  "UNPROCESSABLE_ENTITY",
  "UNAUTHORIZED",
  "INVALID_CONTENT_TYPE",
  "NO_PATH_MATCHED_ERROR",
  "NO_METHOD_MATCHED_ERROR",
]);
/** A large specification is slow to start, and slower on a busy machine. */
const START_PATIENCE_MS = 180_000;
const ANSWER_PATIENCE_MS = 60_000;
/** Prism lists violations in a response header. */
const MAX_HEADER_BYTES = 1 << 20;

const CREDENTIALS = { basic: "Basic Y29udHJhY3Q6Y29udHJhY3Q=", bearer: "Bearer contract" };

/** A free port. Another process could take it before Prism does; then Prism does not start, and the check fails. */
function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

export class Prism {
  /** Starts a mock of `file` and waits until it listens. */
  static async start(program, file) {
    const port = await freePort();
    const child = spawn(
      process.execPath,
      [`--max-http-header-size=${MAX_HEADER_BYTES}`, program, "mock", "--host", "127.0.0.1", "--port", `${port}`, file],
      { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, NO_COLOR: "1" } },
    );
    const prism = new Prism(port, child);
    let output = "";
    await new Promise((resolve, reject) => {
      const fail = (why) => reject(new Error(`Prism ${why} for ${file}\n${output.slice(-2000)}`));
      const timer = setTimeout(() => fail("did not start in time"), START_PATIENCE_MS);
      const read = (chunk) => {
        if (output.length < 100_000) output += chunk;
        if (output.includes("Prism is listening")) {
          clearTimeout(timer);
          resolve();
        }
      };
      child.stdout.on("data", read);
      child.stderr.on("data", read);
      child.once("error", (error) => fail(`could not be run (${error.message})`));
      child.once("exit", (code) => fail(`ended with ${code}`));
    }).catch((error) => {
      prism.stop();
      throw error;
    });
    return prism;
  }

  constructor(port, child) {
    this.port = port;
    this.child = child;
    this.agent = new Agent({ keepAlive: true, maxSockets: 4 });
  }

  stop() {
    this.agent.destroy();
    this.child.removeAllListeners();
    this.child.kill();
  }

  /** What is wrong with a request: nothing, where the list is empty. */
  async problems(request, path) {
    const { status, headers, text } = await this.#send(request, path);
    const listed = headers["sl-violations"] ? JSON.parse(headers["sl-violations"]) : [];
    const violations = listed.filter((violation) => violation.location?.[0] === "request").map(sentence);
    const problem = `${headers["content-type"]}`.startsWith("application/problem+json") ? JSON.parse(text) : null;
    const name = problem?.type?.split("#").pop();
    if (JUDGEMENTS.has(name)) {
      const details = (problem.validation ?? []).map(sentence);
      return details.length > 0 ? details : [`${problem.title}: ${problem.detail}`];
    }
    if (violations.length > 0) return violations;
    // Not a verdict on the request, but no proof either.
    if (problem) return [`not checked, because Prism could not answer: ${problem.title} (${name})`];
    return status < 400 ? [] : [`not checked, because Prism answered ${status} without a reason`];
  }

  #send(request, path) {
    const headers = { accept: "*/*" };
    if (request.contentType) headers["content-type"] = request.contentType;
    if (request.authScheme) headers.authorization = CREDENTIALS[request.authScheme] ?? "Other contract";
    const body = bytes(request);
    if (body) headers["content-length"] = body.length;
    const options = {
      host: "127.0.0.1",
      port: this.port,
      method: request.method,
      path: request.query ? `${path}?${request.query}` : path,
      headers,
      agent: this.agent,
      timeout: ANSWER_PATIENCE_MS,
      maxHeaderSize: MAX_HEADER_BYTES,
    };
    return new Promise((resolve, reject) => {
      const sent = httpRequest(options, (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (chunk) => (text += chunk));
        response.on("end", () => resolve({ status: response.statusCode, headers: response.headers, text }));
        response.on("error", reject);
      });
      sent.on("timeout", () => sent.destroy(new Error("Prism did not answer in time")));
      sent.on("error", reject);
      sent.end(body);
    });
  }
}

function bytes(request) {
  if (request.bodyBase64 !== undefined) return Buffer.from(request.bodyBase64, "base64");
  if (request.body === undefined) return undefined;
  const isJson = /[/+]json$/.test(request.contentType ?? "");
  const raw = typeof request.body === "string" && !isJson;
  return Buffer.from(raw ? request.body : JSON.stringify(request.body));
}

function sentence(violation) {
  return `${(violation.location ?? []).join(".")}: ${violation.message}`;
}
