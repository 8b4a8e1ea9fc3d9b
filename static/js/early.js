// Runs before the first paint: the theme, and the colours of personas, so that nothing flashes.
import { applyTheme } from "./lib/theme.js";
import "./elements/persona-avatar.js";

applyTheme();
