// What the admin's pages have beside unfold's own scripts.
import "./elements/error-summary.js";
import "./elements/json-editor.js";
import "./elements/may-do.js";
import "./elements/preset-reasons.js";
import "./elements/rule-preview.js";
import "./elements/schema-table.js";
import "./elements/settings-form.js";
import "./elements/tool-bench.js";
import "./elements/tool-try.js";
import "./elements/what-flips.js";
