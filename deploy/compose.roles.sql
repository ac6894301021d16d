-- The role that serves; what it may do is granted by `licensing db upgrade`.
\getenv service_password SERVICE_PASSWORD
CREATE ROLE licensing LOGIN PASSWORD :'service_password';
