@echo off
rem The same as "npm start": installs, builds and starts Baton. Ctrl-C stops it.
cd /d "%~dp0"
where node >nul 2>nul
if errorlevel 1 (
  echo Baton needs Node 20.19 or newer to set itself up. Get it at https://nodejs.org
  exit /b 1
)
node tools\bootstrap.mjs start %*
