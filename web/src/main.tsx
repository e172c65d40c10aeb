// One application with two homes: a file that has a document in it, and the page of a server, which has none yet.

import { render } from "preact";
import { App } from "./app";
import { keepCorrections } from "./corrections";
import { listenToKeys } from "./keys";
import * as parts from "./parts";
import { choose, open } from "./state";
import "./style.css";
import { Desk } from "./desk";
import { desk, type DeskSaid } from "./jobs";
import { VERSION, type View } from "./view";

const place = document.getElementById("app") as HTMLElement;
const held = parts.json<View>("document");

keepCorrections();
listenToKeys();
if (held) {
  if (held.version !== VERSION) throw new Error(`this viewer shows version ${VERSION}, the document is ${held.version}`);
  open(held, parts.picture);
  render(<App />, place);
} else {
  desk.value = parts.json<DeskSaid>("desk") ?? desk.value;
  render(<Desk />, place);
}

const linked = () => {
  const id = location.hash.slice(1);
  if (/^p\d+b\d+$/.test(id)) choose(id);
};
if (location.hash) linked();
addEventListener("hashchange", linked);
