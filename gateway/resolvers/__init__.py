"""How each fetching field is answered: (context, parent model, arguments) to models."""
