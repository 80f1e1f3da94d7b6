// The record of a test run. Owns reading it, telling Concord's own requests from others, and leaving out what was seen already. The
// format is at the head of src/sandbox/record.rs.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** User-Agent of Concord's client. Tests that probe what the sandbox refuses use other clients. */
const OURS = /^concord\/\d/;

/** Requests of a JSON lines file. A process that was killed may have left half a last line. */
export function readLines(file) {
  const lines = readFileSync(file, "utf8").split("\n");
  const whole = lines.pop();
  const requests = lines.filter((line) => line.trim() !== "").map((line, index) => {
    try {
      return JSON.parse(line);
    } catch (error) {
      throw new Error(`${file}:${index + 1}: not JSON: ${error.message}`);
    }
  });
  return { requests, cut: whole.trim() === "" ? 0 : 1 };
}

/** The distinct requests that Concord sent, and how many lines stand behind them. */
export function readRecord(folder) {
  let files = [];
  try {
    files = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => entry.name);
  } catch (error) {
    if (error.code !== "ENOENT") throw error;
  }
  const distinct = new Map();
  const counts = { files: files.length, lines: 0, foreign: 0, cut: 0 };
  for (const name of files.sort()) {
    const { requests, cut } = readLines(join(folder, name));
    counts.lines += requests.length;
    counts.cut += cut;
    for (const request of requests) {
      if (!OURS.test(request.userAgent ?? "")) {
        counts.foreign += 1;
        continue;
      }
      const { method, host, path, query, contentType, authScheme, body, bodyBase64 } = request;
      const key = JSON.stringify([method, host, withoutIds(path), query, contentType, authScheme, body, bodyBase64]);
      if (!distinct.has(key)) distinct.set(key, request);
    }
  }
  return { requests: [...distinct.values()], counts };
}

/** IDs are random in every run. Their beginning stays, which is what specifications say of Twilio's SIDs, and so does their length. */
function withoutIds(path) {
  return path.replace(/[0-9A-Za-z]{16,}/g, (id) => `${id.slice(0, 2)}#${id.length}`);
}

/** A request in one or two lines, for a person. */
export function describe(request) {
  const query = request.query ? `?${request.query}` : "";
  const body = request.body === undefined ? "" : `\n      ${JSON.stringify(request.body).slice(0, 600)}`;
  return `${request.method} https://${request.host}${request.path}${query}${body}`;
}
