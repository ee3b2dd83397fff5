// What the pages need beyond plain HTML. Every page works without it except for the diagram and the keys.
import "./htmx.js";
import "bootstrap/js/dist/offcanvas.js";
import { startConnectionBar } from "./connection.js";
import { startDays } from "./days.js";
import { startDialogs } from "./dialogs.js";
import { startDrafts } from "./drafts.js";
import { startFocusKeeping } from "./focus.js";
import { startKeys } from "./keys.js";

startConnectionBar();
startDays();
startDialogs();
startDrafts();
startFocusKeeping();
startKeys();
