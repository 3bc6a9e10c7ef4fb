"""The gifts of an invented shop: brands, products, prices, and what plain people call such things. A few hundred."""

import re
from dataclasses import dataclass
from functools import cache

from app.sandbox.spoken.drawing import Drawn, ranked


@dataclass(frozen=True, slots=True)
class Gift:
    name: str
    brand: str
    category: str
    price_cents: int


# Brand; category; products with their price in dollars. Popular brands first: the order makes the weights.
SHELVES = """
Levain & Daughters; cookies
  Signature Cookie Assortment 39; Chocolate Chip Walnut Cookies 34; Oatmeal Raisin Cookie Tin 32;
  Birthday Cookie Box 45; Gluten-Free Cookie Sampler 42; Holiday Cookie Tower 68
Goody Flex; choice
  $25 Gift of Choice 25; $50 Gift of Choice 50; $75 Gift of Choice 75; $100 Gift of Choice 100;
  $150 Gift of Choice 150
Paddywick; candle
  Lavender & Sage Candle 36; Cedar Smoke Candle 38; Sea Salt Candle Trio 54; Vanilla Bourbon Candle 36;
  Fresh Linen Candle 34; Pumpkin Spice Candle 36
Sugarloom; cupcakes
  Red Velvet Cupcakes 12-Pack 52; Birthday Cake Cupcakes 48; Assorted Mini Cupcakes 44; Vegan Cupcake Box 54;
  Salted Caramel Cupcakes 50
Harrow & Vine; wine
  Cabernet Sauvignon Duo 78; Pinot Noir Reserve 49; Sparkling Rosé 42; Sommelier's Trio 115; Napa Red Blend 56;
  Champagne Celebration Set 129
Bluebottle Ridge; coffee
  Single Origin Sampler 38; Cold Brew Kit 45; Espresso Lovers Box 52; Morning Blend Beans 24;
  Pour Over Starter Set 69
Stem & Sparrow; flowers
  Dozen Red Roses 79; Peony Bouquet 85; Sunflower Bunch 58; Dried Flower Wreath 64; Seasonal Bouquet 62;
  Orchid in Ceramic Pot 74
Fern & Fable; plant
  Monstera Deliciosa 58; Snake Plant 42; Succulent Garden 48; Fiddle Leaf Fig 89; Money Tree 52;
  Herb Garden Kit 36
Cocoa Marlowe; chocolate
  Dark Chocolate Truffles 38; Sea Salt Caramels 32; 24-Piece Bonbon Box 64; Hot Chocolate Set 35;
  Chocolate Bar Library 48; Ruby Chocolate Hearts 29
Drift & Down; blanket
  Chunky Knit Throw 98; Weighted Blanket 15 lb 129; Cashmere Throw 189; Sherpa Fleece Blanket 59;
  Linen Bed Throw 110
Northbeam; headphones
  Wireless Earbuds 129; Noise Cancelling Headphones 249; Portable Speaker Mini 59; Bluetooth Speaker 89;
  Charging Dock 45
Hydra Hill; bottle
  Insulated Water Bottle 35; Travel Tumbler 20 oz 32; Coffee Travel Mug 30; Kids Water Bottle 22;
  Half Gallon Jug 48
Tea & Thistle; tea
  Herbal Tea Chest 44; Earl Grey Tin 22; Matcha Starter Kit 58; Chamomile Calm Box 32; Chai Collection 36;
  Tea Advent Calendar 72
Gather Board Co.; charcuterie
  Classic Charcuterie Board 95; Artisan Cheese Box 79; Vegan Snack Board 84; Italian Antipasto Crate 105;
  Cheese & Crackers Crate 58
Kettle & Crumb; snacks
  Movie Night Popcorn Box 39; Office Snack Box 65; Healthy Snack Crate 49; Salty & Sweet Sampler 35;
  Protein Snack Pack 42; Jerky Lovers Crate 48
Solace Spa; spa
  Relaxation Spa Box 72; Bath Bomb Set 32; Eucalyptus Shower Bundle 28; Luxury Bathrobe 98; Self-Care Crate 85;
  Silk Sleep Mask 34
Rosewater Row; skincare
  Hydrating Face Mask Set 42; Hand Cream Trio 30; Vitamin C Serum 48; Lip Balm Collection 18;
  Facial Roller Kit 39
Inkling Paper; notebook
  Leather Journal 42; Weekly Planner 28; Fountain Pen Set 65; Dotted Notebook Trio 30;
  Personalized Stationery 48
Oakline Goods; leather
  Leather Laptop Sleeve 89; Passport Holder 45; Card Wallet 38; Desk Mat 68; Key Organizer 29; Weekender Bag 198
Tinker Tots; toy
  Wooden Stacking Rings 28; Plush Elephant 32; Alphabet Blocks 34; Dinosaur Puzzle 24; Play Kitchen Set 68
Baby Bramble; baby
  Newborn Welcome Box 88; Organic Swaddle Set 48; Baby's First Year Book 36; Bamboo Onesie Set 42;
  Teething Kit 26
Hearth Provisions; cookware
  Cast Iron Skillet 59; Chef's Knife 95; Olive Wood Cutting Board 72; Ceramic Mixing Bowls 64; Dutch Oven 145;
  Pizza Stone Kit 58
Olive & Ember; pantry
  Olive Oil & Balsamic Set 54; Hot Sauce Trio 32; Pasta Night Kit 48; Truffle Salt Collection 38;
  Raw Honey Flight 34; Maple Syrup Duo 29
Brewster's Yard; beer
  Craft Beer Sampler 59; IPA Explorer Six Pack 36; Nonalcoholic Beer Box 42; Home Brewing Kit 78
Copper Fox Spirits; cocktails
  Old Fashioned Kit 64; Margarita Cocktail Set 58; Espresso Martini Kit 62; Mocktail Mixer Set 39;
  Whiskey Tasting Flight 98
Peak & Pine; outdoor
  Camping Hammock 68; Enamel Mug Set 34; Headlamp 32; Picnic Backpack 85; Stainless Lunch Box 38
Motion Mat; fitness
  Premium Yoga Mat 78; Resistance Band Set 32; Foam Roller 36; Jump Rope 18; Recovery Massage Gun 129
Woolly Wren; socks
  Merino Socks Three-Pack 39; Fuzzy Socks Set 24; Shearling Slippers 78; Knit Beanie 32; Cashmere Scarf 95
Page & Lantern; book
  Mystery Book Box 38; Cookbook Club 45; Bestseller Bundle 56; Reading Lamp Kit 48; Puzzle & Book Set 42
Puzzleton; game
  1000 Piece Puzzle 28; Trivia Night Game 32; Backgammon Set 85; Chess Set Walnut 120; Card Game Pack 24
Pup & Purr; pet
  Dog Treat Box 34; Cat Toy Bundle 26; Pet Portrait 85; Dog Bandana Set 22; Calming Dog Bed 74
Fruitful Grove; fruit
  Honeycrisp Apple Box 48; Fresh Fruit Basket 69; Pears & Cheese Crate 58; Dried Fruit Tray 39; Citrus Crate 44
Bake & Butter; bakery
  Cinnamon Roll Box 46; Croissant Dozen 52; Banana Bread Duo 34; Bagel Brunch Kit 68; Sourdough Starter Kit 38;
  Lemon Pound Cake 42
Macaron Mews; macarons
  Parisian Macarons 12-Pack 42; Macaron Tower 89; Birthday Macarons 45; Mini Macaron Sampler 28
Pie Society; pie
  Key Lime Pie 54; Apple Crumb Pie 52; Pecan Pie 58; Pie Flight 64
Frostline; ice cream
  Ice Cream Pint Six-Pack 78; Gelato Sampler 72; Sorbet Flight 64; Ice Cream Sandwich Box 68
Luma Lights; lamp
  Sunrise Alarm Clock 89; Desk Lamp 64; Salt Lamp 38; String Lights 28; Smart Bulb Kit 58
Cordwell; tech
  Wireless Charging Pad 39; Power Bank 45; Cable Organizer 28; Laptop Stand 58; Webcam Light 48; Smart Mug 119
Frame & Field; photo
  Digital Photo Frame 149; Walnut Picture Frame 42; Instant Camera 98; Photo Album 48
Silver Sprig; jewelry
  Initial Necklace 68; Pearl Stud Earrings 74; Birthstone Bracelet 58; Charm Ring 45; Jewelry Travel Case 38
Sunday Linen; home
  Waffle Towel Set 68; Linen Napkins 42; Silk Pillowcase 59; Organic Sheet Set 148
Clay & Kiln; mug
  Handmade Mug Pair 52; Pour Over Mug 34; Ceramic Vase 48; Espresso Cup Set 44
Aroma Atelier; diffuser
  Essential Oil Diffuser 58; Reed Diffuser 38; Room Spray Duo 32; Incense Collection 26
Harvest & Hearth; gift basket
  Thank You Gift Basket 75; Get Well Basket 68; Sympathy Basket 84; Gourmet Gift Tower 98;
  Welcome Home Basket 79; New Hire Welcome Kit 85
Patchwork & Co.; swag
  Company Hoodie 58; Canvas Tote 24; Baseball Cap 28; Fleece Vest 74; Quarter-Zip Pullover 68
Give Good; donation
  Plant Ten Trees 20; Meals for Families 50; Clean Water Donation 40; Shelter Pet Donation 30
Kintsu; wellness
  Gratitude Journal Set 36; Meditation Cushion 78; Sleep Well Kit 64; Acupressure Mat 48
Spice Harbor; spices
  Global Spice Set 54; BBQ Rub Trio 32; Curry Kit 38; Chili Crisp Duo 28
Sweetwater Taffy; candy
  Saltwater Taffy Box 24; Gummy Bear Flight 28; Retro Candy Crate 39; Sour Candy Tower 36
Umi Pantry; ramen
  Ramen Night Kit 48; Sushi Making Kit 58; Mochi Box 36; Japanese Snack Crate 45
"""

# What people say who did not read the parcel's label.
OWN_WORDS: dict[str, tuple[str, ...]] = {
    "cookies": ("cookies", "the box of cookies", "some cookies"),
    "choice": ("gift card", "the pick your own gift thing", "a gift certificate"),
    "candle": ("candle", "scented candle", "one of those candles"),
    "cupcakes": ("cupcakes", "cakes", "the box of cupcakes"),
    "wine": ("wine", "a bottle of wine", "the wine gift"),
    "coffee": ("coffee", "coffee beans", "coffee set"),
    "flowers": ("flowers", "bouquet", "the flower delivery"),
    "plant": ("plant", "house plant", "a potted plant"),
    "chocolate": ("chocolates", "box of chocolates", "chocolate"),
    "blanket": ("blanket", "throw", "a throw blanket"),
    "headphones": ("headphones", "ear phones", "the speaker"),
    "bottle": ("water bottle", "tumbler", "thermos"),
    "tea": ("tea", "box of tea", "tea set"),
    "charcuterie": ("cheese board", "meat and cheese platter", "cheese plate"),
    "snacks": ("snacks", "snack box", "box of snacks"),
    "spa": ("spa set", "spa kit", "bath stuff"),
    "skincare": ("skin care", "creams", "beauty set"),
    "notebook": ("notebook", "diary", "stationery"),
    "leather": ("leather thing", "wallet", "a bag"),
    "toy": ("toy", "kids' toy", "toys"),
    "baby": ("baby gift", "baby clothes", "baby box"),
    "cookware": ("pan", "kitchen set", "cooking stuff"),
    "pantry": ("food gift", "olive oil", "sauces"),
    "beer": ("beer", "six pack", "beers"),
    "cocktails": ("cocktail kit", "drinks set", "liquor"),
    "outdoor": ("camping stuff", "outdoor gear"),
    "fitness": ("workout gear", "yoga mat", "exercise set"),
    "socks": ("socks", "slippers", "something warm to wear"),
    "book": ("books", "book", "a box of books"),
    "game": ("game", "board game", "puzzle"),
    "pet": ("dog treats", "pet gift", "something for the dog"),
    "fruit": ("fruit", "fruit basket", "box of fruit"),
    "bakery": ("baked goods", "pastries", "bread"),
    "macarons": ("macaroons", "French cookies", "macarons"),
    "pie": ("pie", "a pie", "dessert"),
    "ice cream": ("ice cream", "frozen dessert"),
    "lamp": ("lamp", "light", "the clock with the light"),
    "tech": ("charger", "gadget", "a tech thing"),
    "photo": ("picture frame", "camera", "frame"),
    "jewelry": ("necklace", "jewelry", "bracelet"),
    "home": ("towels", "bedding", "linens"),
    "mug": ("mug", "cup", "coffee cups"),
    "diffuser": ("diffuser", "room scent", "essential oils"),
    "gift basket": ("gift basket", "basket", "the hamper"),
    "swag": ("hoodie", "company shirt", "the company swag"),
    "donation": ("donation", "a charity donation"),
    "wellness": ("self care kit", "wellness box"),
    "spices": ("spices", "spice kit"),
    "candy": ("candy", "sweets", "a box of candy"),
    "ramen": ("noodles", "Japanese food box", "ramen"),
}
# The bestseller is about three of a hundred orders.
_FLATNESS = 6.0


@cache
def gifts() -> Drawn[Gift]:
    shelves = [_on_shelf(shelf) for shelf in re.split(r"\n(?=\S)", SHELVES.strip())]
    # Each brand's bestseller before any brand's second one: popularity is skewed across the shelves too.
    by_popularity = [shelf[place] for place in range(6) for shelf in shelves if place < len(shelf)]
    return ranked(by_popularity, flatness=_FLATNESS)


def _on_shelf(shelf: str) -> list[Gift]:
    heading, _, listed_products = shelf.partition("\n")
    brand, category = heading.split("; ")
    priced = (product.rsplit(" ", 1) for product in re.split(r";\s+", listed_products.strip()))
    return [Gift(name, brand, category, int(dollars) * 100) for name, dollars in priced]


def own_words(product: str) -> tuple[str, ...]:
    category = _category_by_product().get(product)
    return OWN_WORDS[category] if category else ()


@cache
def _category_by_product() -> dict[str, str]:
    return {gift.name: gift.category for gift in gifts().items}
