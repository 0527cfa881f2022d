import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** What a build was made from. */
export interface Stamp {
  /** sha256 over every source file's path and content: same sources, same stamp. */
  sources: string;
  /** sha256 over the routes and fields of openapi.json, without its prose and limits. */
  contract: string;
}

const FOLDERS = ["public", "src"];
const TOP = /^(index\.html|[\w.-]+\.(js|json|ts))$/;
const LEFT_OUT = new Set(["openapi.json"]);

const sha256 = (content: string | Uint8Array) => createHash("sha256").update(content).digest("hex");

/** Paths of the sources under `root`, with forward slashes, in order of their code points. */
export async function sourcesOf(root: string): Promise<string[]> {
  const found = (await readdir(root)).filter((name) => TOP.test(name) && !LEFT_OUT.has(name));
  for (const folder of FOLDERS) {
    for (const entry of await readdir(join(root, folder), { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const path = join(entry.parentPath, entry.name).slice(root.length + 1);
      found.push(path.replaceAll("\\", "/"));
    }
  }
  return found.sort((a, b) => (a < b ? -1 : 1));
}

interface Schema {
  properties?: Record<string, unknown>;
  required?: string[];
  enum?: unknown[];
}

/** One line for each route and each field, sorted: what the pages rest on. */
export function contractLines(text: string): string[] {
  const document = JSON.parse(text) as {
    paths: Record<string, Record<string, unknown>>;
    components: { schemas: Record<string, Schema> };
  };
  const lines = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method} ${path}`),
  );
  for (const [name, schema] of Object.entries(document.components.schemas)) {
    const required = new Set(schema.required);
    for (const field of Object.keys(schema.properties ?? {})) {
      lines.push(`${name}.${field}${required.has(field) ? "!" : ""}`);
    }
    if (schema.enum) lines.push(`${name}=${schema.enum.join("|")}`);
  }
  return lines.sort((a, b) => (a < b ? -1 : 1));
}

/** The stamp of the sources under `root`. */
export async function stampOf(root: string): Promise<Stamp> {
  let sources = "";
  for (const path of await sourcesOf(root)) {
    const content = (await readFile(join(root, path), "utf8")).replaceAll("\r\n", "\n");
    sources += `${path}\0${sha256(content)}\n`;
  }
  const contract = contractLines(await readFile(join(root, "openapi.json"), "utf8")).join("\n");
  return { sources: sha256(sources), contract: sha256(contract) };
}
