/** Where in the workbench one is: the fragment, so that no server log ever holds it. */

class Route {
  parts = $state.raw<string[]>([]);

  constructor() {
    this.#read();
    addEventListener("hashchange", () => this.#read());
  }

  get page(): string {
    return this.parts[0] ?? "";
  }

  #read(): void {
    this.parts = location.hash.replace(/^#\/?/, "").split("/").filter(Boolean);
  }
}

export const route = new Route();

export function go(path: string): void {
  location.hash = `#/${path}`;
}
